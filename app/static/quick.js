/* Leave at once, wait for a lost connection, read a code from behind the #. Nothing is kept in the browser. */
"use strict";
(() => {
  const leave = document.querySelector("a.leave");
  const said = document.getElementById("said");
  const code = document.getElementById("code");
  const hide = () => document.documentElement.classList.add("leaving");
  const say = (words) => { if (said) said.textContent = words; };
  const wait = () => say(said?.dataset.wait);

  if (leave) {
    const go = () => { hide(); location.replace(leave.href); };
    leave.addEventListener("click", (event) => { event.preventDefault(); go(); });

    // Leave after Shift alone, three times, each within five seconds of the last.
    let presses = 0, last = 0, alone = false, quiet = 0;
    addEventListener("keydown", (event) => {
      if (event.key !== "Shift") { alone = false; presses = 0; } else if (!event.repeat) alone = true;
    });
    addEventListener("pointerdown", () => { alone = false; presses = 0; });
    addEventListener("keyup", (event) => {
      if (event.key !== "Shift" || !alone) return;
      presses = event.timeStamp - last < 5000 ? presses + 1 : 1;
      last = event.timeStamp;
      if (presses > 2) return go();
      say(presses === 1 ? said.dataset.two : said.dataset.one);
      clearTimeout(quiet);
      quiet = setTimeout(() => { presses = 0; say(""); }, 5000);
    });
  }

  // A page from the browser's memory is hidden and loaded anew, since it may show what has ended.
  let sending = false;
  addEventListener("pageshow", (event) => {
    sending = false;
    if (event.persisted) { hide(); location.reload(); }
  });

  // Before a form is sent, fetch the icon until that works; the answers stay on the page meanwhile. A proxy's
  // error page, or no answer within 30 seconds, counts as no connection.
  const icon = document.querySelector("link[rel=icon]").href;
  const reachable = async () => {
    const slow = setTimeout(wait, 4000);
    const given = { cache: "no-store", signal: AbortSignal.timeout?.(30000) };
    try { if (!(await fetch(icon, given)).ok) throw icon; } finally { clearTimeout(slow); }
  };
  const pause = () => new Promise((done) => {
    setTimeout(done, 3000);
    addEventListener("online", done, { once: true });
  });
  addEventListener("submit", async (event) => {
    if (sending === "now" || event.target.method !== "post") return;
    event.preventDefault();
    if (sending) return;
    sending = true;
    for (let waiting = true; waiting;) {
      try { await reachable(); waiting = false; } catch { wait(); await pause(); }
    }
    say("");
    sending = "now";
    event.target.requestSubmit(event.submitter);
  });

  const readCode = () => {
    if (!code || !/^#[0-9A-Za-z-]{12,20}$/.test(location.hash)) return;
    code.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
  };
  addEventListener("hashchange", readCode);
  readCode();
})();
