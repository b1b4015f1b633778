/** How much of the picture the bar at the bottom takes: names and menus keep out of it, however many lines it has. */

/** Keeps the style's `--foot` at the height of `bar`, and calls `onChange` when that has changed. */
export function keepHeight(bar: HTMLElement, onChange: () => void): void {
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--foot", `${bar.offsetHeight}px`);
    onChange();
  }).observe(bar);
}
