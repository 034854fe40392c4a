/**
 * Pictures of every page of the GUI, for the documents and for looking at them: starts `dcu demo`, signs in with a browser, and
 * photographs each page on a desktop and on a phone, light and dark.
 *
 *   bun scripts/screenshots.ts OUT-DIR [--meters 200] [--only name,name] [--looks desktop-light,phone-dark,…]
 *
 * Needs a Chromium (`CHROMIUM` names it, `/usr/bin/chromium` otherwise). Ends with 1 when a page told an error, could not be
 * reached, or is wider than the screen.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { PICTURES, type Picture } from './screenshots/pages.ts';

const LOOKS = {
  'desktop-light': { viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  'desktop-dark': { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  'phone-light': { viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  'phone-dark': { viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
} as const;
type Look = keyof typeof LOOKS;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    meters: { type: 'string', default: '200' },
    only: { type: 'string' },
    looks: { type: 'string', default: Object.keys(LOOKS).join(',') },
  },
});
const [directory] = positionals;
const looks = values.looks.split(',');
if (directory === undefined || !looks.every(isLook)) {
  console.error(
    'usage: bun scripts/screenshots.ts OUT-DIR [--meters 200] [--only name,name] [--looks look,look]',
  );
  console.error(`looks: ${Object.keys(LOOKS).join(', ')}`);
  process.exit(2);
}
mkdirSync(directory, { recursive: true });
const only = values.only?.split(',');
const wanted = PICTURES.filter(({ name }) => only === undefined || only.includes(name));

const PASSWORD = 'Concentrator-2026-demo';
const main = join(import.meta.dir, '..', 'src', 'main.ts');
const demo = Bun.spawn([process.execPath, main, 'demo', '--port', '0', '--meters', values.meters, '--json'], {
  stdout: 'pipe',
  stderr: 'pipe',
});
const troubles: string[] = [];
let browser: Browser | undefined;
try {
  const first = await demo.stdout.getReader().read();
  const { url, user, password } = JSON.parse(new TextDecoder().decode(first.value)) as Record<string, string>;
  if (url === undefined || user === undefined || password === undefined)
    throw new Error('the demo gave no account');
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
  await allRead();
  await prepare(browser, { url, user, password });
  for (const look of looks) await photograph(browser, look, { url, user }, directory);
} finally {
  await browser?.close();
  demo.kill('SIGTERM');
  await demo.exited;
}
for (const trouble of troubles) console.error(trouble);
process.exitCode = troubles.length === 0 ? 0 : 1;

function isLook(name: string): name is Look {
  return name in LOOKS;
}

/** A password of our own, and a look at the network behind the module. */
async function prepare(
  where: Browser,
  { url, user, password }: { readonly url: string; readonly user: string; readonly password: string },
): Promise<void> {
  const context = await where.newContext({ baseURL: url, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await signIn(page, user, password);
  await page.waitForSelector('text=Choose');
  const fields = page.locator('input[type=password]');
  for (const [index, value] of [password, PASSWORD, PASSWORD].entries()) await fields.nth(index).fill(value);
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=Energy Profile');
  await page.goto('/networks');
  await page.getByRole('button', { name: 'Look again' }).click();
  await page.getByRole('treeitem').first().waitFor();
  await context.close();
}

async function signIn(page: Page, user: string, password: string): Promise<void> {
  await page.goto('/');
  await page.getByLabel('Name').fill(user);
  await page.locator('input[type=password]').first().fill(password);
  await page.keyboard.press('Enter');
}

async function photograph(
  where: Browser,
  look: Look,
  { url, user }: { readonly url: string; readonly user: string },
  to: string,
): Promise<void> {
  const context = await where.newContext({
    ...LOOKS[look],
    baseURL: url,
    ignoreHTTPSErrors: true,
    timezoneId: 'Europe/Berlin',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  let name = 'login';
  const trouble = (text: string): number => troubles.push(`${look} ${name}: ${text}`);
  page.on('pageerror', (error) => trouble(String(error)));
  page.on('response', (response) => {
    if (response.status() >= 500) trouble(`${response.status()} ${response.url()}`);
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && !/40[19]|422/.test(message.text())) trouble(message.text());
  });
  await signIn(page, user, PASSWORD);
  await page.waitForSelector('text=Energy Profile');
  for (const picture of wanted) {
    name = picture.name;
    try {
      await shoot(page, picture, join(to, `${name}-${look}.png`));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) trouble(`${over} px wider than the screen`);
    } catch (error) {
      trouble(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
      await page.screenshot({ path: join(to, `${name}-${look}-failed.png`) });
    }
  }
  await context.close();
}

async function shoot(page: Page, { path, settled, act }: Picture, file: string): Promise<void> {
  await page.goto(path);
  await page.waitForSelector(settled);
  await act?.(page);
  if ((await page.getByRole('dialog').count()) === 0) await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(700);
  const inDialog = (await page.getByRole('dialog').count()) > 0;
  await page.screenshot({ path: file, fullPage: !inDialog });
}

/** The demo says on stderr how far it is. */
async function allRead(): Promise<void> {
  const reader = demo.stderr.getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the demo ended: ${text}`);
    text += new TextDecoder().decode(value);
    const last = [...text.matchAll(/all: (\d+)\/(\d+)/g)].at(-1);
    if (last !== undefined && last[1] === last[2] && Number(last[2]) > 0) return;
  }
}
