// The theme's components, registered by name: under a strict Content Security
// Policy no expression in a template may call a global function.
document.addEventListener("alpine:init", () => {
  for (const name of ["theme", "searchForm", "searchDropdown", "searchCommand"]) {
    if (typeof window[name] === "function") {
      Alpine.data(name, window[name]);
    }
  }

  Alpine.data("portalBody", (firstTab) => ({
    activeTab: firstTab,
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem("sidebarDesktopOpen") !== "0",
    // Templates read window.location; this is all they get of the window.
    window: {
      get location() {
        return { pathname: location.pathname, search: location.search };
      },
    },
    // The theme's own handler writes this too; here it is a setting of the browser alone.
    localStorage: {
      setItem: (name, value) => localStorage.setItem(name, value),
    },
    init() {
      this.activeTab = (window.getCurrentTab && window.getCurrentTab()) || firstTab;
    },
  }));
});

// The theme makes buttons of spans and divs; give them what a keyboard needs.
document.addEventListener("alpine:initialized", () => {
  const unreachable = "div[x-on\\:click], span[x-on\\:click], a[x-on\\:click]:not([href])";
  for (const element of document.querySelectorAll(unreachable)) {
    if (element.querySelector("a, button") || element.id === "changelist-filter-close") {
      continue;
    }
    element.tabIndex = 0;
    element.setAttribute("role", "button");
    if (!element.textContent.trim() || element.matches(".material-symbols-outlined")) {
      element.setAttribute("aria-label", document.body.dataset.menuLabel || "Menu");
    }
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        element.click();
      }
    });
  }
});

// The theme marks no main part of the page.
// On phones each cell carries the name of its column: begin it as a sentence begins,
// and name the first one after its column, not after a checkbox that is not there.
document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("main")?.setAttribute("role", "main");

  const first = document.querySelector("#result_list thead th")?.textContent.trim();
  for (const row of document.querySelectorAll("#result_list tbody tr")) {
    const cell = row.querySelector("[data-label]");
    if (first && cell && !cell.querySelector("input")) {
      cell.dataset.label = first;
    }
  }
  for (const cell of document.querySelectorAll("#result_list [data-label]")) {
    const label = cell.dataset.label;
    cell.dataset.label = label.charAt(0).toLocaleUpperCase() + label.slice(1);
  }
});

// The theme writes a chosen file's name into the field beside its own inputs; a plain one has none.
document.addEventListener("DOMContentLoaded", () => {
  for (const input of document.querySelectorAll("input[type=file]")) {
    if (!input.parentNode.parentNode.parentNode.querySelector("input[type=text][disabled]")) {
      input.hasChangeListener = true;
    }
  }
});
