/* Everything on a page that somebody could not reach, read or hit, as sentences; an empty list is a good page. */
() => {
  const faults = [];
  const named = (each) => (each.nodeType === 3 ? each.data : each.textContent || each.name || each.tagName).trim().slice(0, 60);
  const seen = (each) => !each.closest(".unseen") && each.checkVisibility({ visibilityProperty: true });
  const meet = (one, other, slack) =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2 &&
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > slack;

  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) faults.push(`scrolls sideways: ${root.scrollWidth} px in ${innerWidth}`);

  // What can be pressed is 44 px each way, but for links within a sentence.
  const pressed = [...document.querySelectorAll("a, button, summary, select, textarea, input:not([type=hidden])")]
    .filter(seen)
    .filter((each) => !each.matches("p > a, li > a") || each.parentElement.innerText === each.innerText)
    .map((each) => each.closest("label.row") || each);
  const targets = [...new Set(pressed)].map((each) => [each, each.getBoundingClientRect()]);
  for (const [each, box] of targets) {
    if (box.width < 44 || box.height < 44) faults.push(`small: ${named(each)} ${box.width}x${box.height}`);
  }

  // Each line of text: within the screen, unless it scrolls in a box of its own.
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const lines = [];
  for (let node; (node = texts.nextNode());) {
    const around = node.parentElement;
    if (!node.data.trim() || around.closest("script, style, select") || !seen(around)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) lines.push([node, box]);
    const cut = around.closest(".scroll") ? null : [...range.getClientRects()].find((box) => box.left < -1 || box.right > innerWidth + 1);
    if (cut) faults.push(`beyond the edge: ${named(node)}`);
  }
  for (const each of document.querySelectorAll("body :not(input, select, textarea)")) {
    const clips = !["visible", "auto", "scroll"].includes(getComputedStyle(each).overflowX);
    if (clips && seen(each) && each.scrollWidth > each.clientWidth + 1) faults.push(`cut off: ${named(each)}`);
  }

  // Nothing lies on anything else. The bar stays in view by design; letters of one line may reach into the next.
  const apart = (things, slack) => {
    const free = things.filter(([each]) => !(each.parentElement || each).closest(".bar"));
    free.forEach(([one, box], place) => {
      for (const [other, second] of free.slice(place + 1)) {
        if (one !== other && !one.contains(other) && meet(box, second, slack(box, second))) {
          faults.push(`overlap: ${named(one)} / ${named(other)}`);
        }
      }
    });
  };
  apart(targets.filter(([each]) => !each.closest(".scroll")), () => 2);
  apart(lines, (one, other) => 0.4 * Math.min(one.height, other.height));
  return faults;
}
