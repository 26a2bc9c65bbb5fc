/** Folds (`details` with an id) that the visitor opened or closed stay so when htmx puts in a newer document. */
export function keepFolds(root) {
  const chosen = new Map(); // id → whether it is open
  root.addEventListener("toggle", ({ target }) => target.id && chosen.set(target.id, target.open), true);
  root.addEventListener("htmx:afterSwap", () => {
    for (const [id, open] of chosen) {
      const fold = document.getElementById(id);
      if (fold) fold.open = open;
    }
  });
}
