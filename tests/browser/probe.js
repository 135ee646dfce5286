// Added to a copy of a report's page: looks at it as the browser has it, and sends one line of findings to the page around it.
'use strict';
addEventListener('load', () => {
  const found = [];
  const check = (holds, text) => { if (!holds) found.push(text); };

  for (const fold of document.querySelectorAll('details')) fold.open = true;

  const figures = document.querySelectorAll('figure svg');
  let shapes = 0;
  for (const svg of figures) {
    const box = svg.getBoundingClientRect();
    check(box.width > 200 && box.height > 100, `a figure of ${box.width} x ${box.height}`);
    shapes += svg.querySelectorAll('path,rect,circle,use,polygon').length;
  }

  const ids = new Set();
  for (const element of document.querySelectorAll('[id]')) {
    check(!ids.has(element.id), `id ${element.id} repeats`);
    ids.add(element.id);
  }
  const html = document.documentElement.innerHTML;
  for (const match of html.matchAll(/url\((?:&quot;|"|')?#([^)"'&]+)/g))
    check(ids.has(match[1]), `nothing has the id ${match[1]}`);
  for (const link of document.querySelectorAll('a[href^="#"]'))
    check(ids.has(link.getAttribute('href').slice(1)), `a link to nowhere: ${link.href}`);
  for (const use of document.querySelectorAll('use')) {
    const to = use.getAttribute('href') || use.getAttribute('xlink:href');
    check(to && ids.has(to.slice(1)), `a mark that is not defined: ${to}`);
  }

  const table = document.getElementById('speedups');
  const column = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent.trim() === 'by tiles');
  const values = () => [...table.tBodies[0].rows].map((row) => Number(row.cells[column].dataset.v));
  const sorted = (list, sign) => list.every((value, i) => i === 0 || sign * (value - list[i - 1]) >= 0);
  const button = table.tHead.rows[0].cells[column].querySelector('button');
  const before = values().length;
  button.click();
  check(sorted(values(), 1), 'one press does not sort upwards');
  button.click();
  check(sorted(values(), -1), 'two presses do not sort downwards');
  check(values().length === before && before > 1, 'sorting loses rows');

  const root = document.documentElement;
  check(root.scrollWidth <= innerWidth, `the page is ${root.scrollWidth} wide in a window of ${innerWidth}`);
  check(parseFloat(getComputedStyle(document.body).fontSize) >= 14, 'the text is small');
  check(performance.getEntriesByType('resource').length === 0, 'the page asks for other files');

  parent.postMessage(`PROBE width=${innerWidth} figures=${figures.length} shapes=${shapes} ` +
    `found=${found.length}: ${[...new Set(found)].slice(0, 8).join('; ')} END`, '*');
});
