// What was closed while one looked at it comes again the next time: before the form's own script, which is asked for async.
try {
  for (const name of Object.keys(localStorage)) if (name.startsWith("funnel closed ")) localStorage.removeItem(name);
} catch {
  // A browser that keeps nothing has nothing to forget.
}
