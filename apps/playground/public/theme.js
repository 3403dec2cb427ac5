// Before the first paint: the theme that was chosen on an earlier visit.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // storage is denied: the system's theme
}
