// Let the page's button ask the browser for a passkey; say so when that fails.

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("key-failed").hidden = false;
});

const { task, button } = document.currentScript.dataset;
const ids = { credential: "id_credential", data: "js_data", add: button, authenticate: button };
allauth.webauthn.forms[task]({ ids });
