// Before the first paint: the colours that this browser's user chose here.
'use strict';
(() => {
  const words = ['system', 'light', 'dark'];
  let chosen = 'system';
  try {
    chosen = words.includes(localStorage.getItem('theme')) ? localStorage.getItem('theme') : 'system';
  } catch { /* nothing is kept where storage is shut */ }
  const show = () => { document.documentElement.dataset.theme = chosen; };
  show();
  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    const says = { system: 'as the system has them', light: 'light', dark: 'dark' };
    const label = () => {
      button.title = `Colours: ${says[chosen]}`;
      button.setAttribute('aria-label', button.title);
      button.textContent = { system: '◐', light: '☀', dark: '☾' }[chosen];
    };
    label();
    button.addEventListener('click', () => {
      chosen = words[(words.indexOf(chosen) + 1) % words.length];
      try { localStorage.setItem('theme', chosen); } catch { /* as above */ }
      show();
      label();
    });
  });
})();
