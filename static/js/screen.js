// Say how large the screen is; the server keeps it only where the customer may be asked for it.

document.getElementById("screen").value = `${screen.width}x${screen.height}`;
