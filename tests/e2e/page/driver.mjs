// A browser that a test drives: a command a line, as JSON; its answer a line.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { measuring } from './measure.mjs';

const modules = createRequire(`${process.env.RECONCILE_PAGE_MODULES}/package.json`);
const { chromium } = modules('playwright-core');
const axeSource = readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');

const browser = await chromium.launch({ executablePath: process.env.RECONCILE_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
let context;
let page;
let session;
const heard = { errors: [], requests: [], dialogs: [] };

// The page's own policy shuts scripts out that are no file of its: these come by the way that debuggers have.
async function run(expression) {
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true, allowUnsafeEvalBlockedByCSP: false });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

async function until(expression, ms) {
  const end = Date.now() + ms;
  for (let last = ''; ; ) {
    try {
      if (await run(`Boolean(${expression})`)) return;
    } catch (error) {
      last = String(error);  // between two documents there is none
    }
    if (Date.now() > end) throw new Error(`${last || 'it is not so'}; the page says: ${(await run('document.body.innerText').catch(() => '')).slice(0, 1500)}`);
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

const commands = {
  // A browser of its own: nothing is kept of what was before.
  // `certificate`: {origin, certPath, keyPath} of one that the browser shows to that origin.
  async begin({ width = 1280, height = 900, scheme = 'light', certificate }) {
    await context?.close();
    context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, ignoreHTTPSErrors: true, acceptDownloads: true, clientCertificates: certificate && [certificate] });
    page = await context.newPage();
    session = await context.newCDPSession(page);
    for (const list of Object.values(heard)) list.length = 0;
    page.on('pageerror', (error) => heard.errors.push(String(error)));
    page.on('console', (message) => { if (message.type() === 'error') heard.errors.push(message.text()); });
    page.on('request', (request) => heard.requests.push(request.url()));
    page.on('dialog', async (dialog) => {
      heard.dialogs.push(dialog.message());
      await dialog.dismiss();
    });
  },
  async goto({ url }) {
    const answer = await page.goto(url, { waitUntil: 'commit' });
    return { code: answer?.status(), headers: answer?.headers() };
  },
  // Until `expression`, evaluated in the page, is true.
  async until({ expression, ms = 30_000 }) { await until(expression, ms); },
  async evaluate({ expression }) { return { value: await run(expression) }; },
  async text({ selector }) { return { value: await page.locator(selector).first().innerText({ timeout: 10_000 }) }; },
  async click({ selector }) { await page.locator(selector).first().click({ timeout: 10_000 }); },
  async fill({ selector, text }) { await page.locator(selector).first().fill(text, { timeout: 10_000 }); },
  async press({ key }) { await page.keyboard.press(key); },
  async type({ text, delay = 0 }) { await page.keyboard.type(text, { delay }); },
  async back() { await page.goBack({ waitUntil: 'commit' }); },
  async size({ width, height = 900 }) { await page.setViewportSize({ width, height }); },
  async scheme({ scheme }) { await page.emulateMedia({ colorScheme: scheme }); },
  async shot({ path, full = true }) { await page.screenshot({ path, fullPage: full }); },
  async download({ selector }) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator(selector).first().click()]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
  },
  async axe() {
    await run(axeSource);
    const found = await run(`axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(
      (result) => result.violations.map(({id, impact, nodes}) => ({id, impact, nodes: nodes.slice(0, 3).map((node) => node.html.slice(0, 200) + ' :: ' + node.failureSummary)})))`);
    return { violations: found };
  },
  async forget() { for (const list of Object.values(heard)) list.length = 0; },
  async heard() { return structuredClone(heard); },
  ...measuring(browser, () => ({ context, page, session })),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...words } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: true, ...(await commands[command](words)) };
  } catch (error) {
    answer = { ok: false, error: String(error).slice(0, 2000) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
