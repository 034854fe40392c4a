/**
 * Pictures of the GUI for the README: starts `dcu demo`, signs in with a browser, and photographs each page.
 *
 *   bun scripts/screenshots.ts OUT-DIR [--meters 200] [--dark]
 *
 * Needs a Chromium (`CHROMIUM` names it, `/usr/bin/chromium` otherwise).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { meters: { type: 'string', default: '200' }, dark: { type: 'boolean', default: false } },
});
const [directory] = positionals;
if (directory === undefined) {
  console.error('usage: bun scripts/screenshots.ts OUT-DIR [--meters 200] [--dark]');
  process.exit(2);
}
mkdirSync(directory, { recursive: true });

const main = join(import.meta.dir, '..', 'src', 'main.ts');
const demo = Bun.spawn([process.execPath, main, 'demo', '--port', '0', '--meters', values.meters, '--json'], {
  stdout: 'pipe',
  stderr: 'pipe',
});
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
  ],
});

async function shoot(page: Page, name: string, path: string | undefined, settled: string): Promise<void> {
  if (path !== undefined) await page.goto(path);
  await page.waitForSelector(settled);
  await page.waitForTimeout(800);
  await page.screenshot({ path: join(directory ?? '.', `${name}.png`) });
}

try {
  const reader = demo.stdout.getReader();
  const first = await reader.read();
  const { url, user, password } = JSON.parse(new TextDecoder().decode(first.value)) as Record<string, string>;
  if (url === undefined || user === undefined || password === undefined)
    throw new Error('the demo gave no account');
  await allRead();
  const context = await browser.newContext({
    baseURL: url,
    ignoreHTTPSErrors: true,
    viewport: { width: 1360, height: 860 },
    colorScheme: values.dark ? 'dark' : 'light',
    timezoneId: 'Europe/Berlin',
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) errors.push(message.text());
  });
  await shoot(page, 'login', '/', 'input[type=password]');
  await page.getByLabel('Name').fill(user);
  await page.locator('input[type=password]').first().fill(password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=Choose');
  const secret = 'Concentrator-2026-demo';
  const fields = page.locator('input[type=password]');
  await fields.nth(0).fill(password);
  await fields.nth(1).fill(secret);
  await fields.nth(2).fill(secret);
  await page.keyboard.press('Enter');
  await shoot(page, 'home', undefined, 'text=Energy Profile');
  await shoot(page, 'meters', '/meters', 'table tbody tr');
  await page.getByRole('button', { name: 'Add meter' }).click();
  await page.getByRole('dialog').getByLabel('MeterNo').fill('0011539400');
  await page.getByRole('dialog').getByLabel('Authentication', { exact: true }).first().click();
  await page.getByRole('option', { name: 'ECDSA (HLS 7)' }).click();
  await page.getByText('Our private signing key').scrollIntoViewIfNeeded();
  await shoot(page, 'meter-form', undefined, 'text=Security suite');
  await shoot(page, 'channels', '/settings/channels', 'table tbody tr');
  await page.goto('/reading');
  const buttons = page.locator('tbody button', { hasText: 'Reading' });
  await buttons.first().waitFor();
  for (let row = 0; row < 8; row++) await buttons.nth(row).click();
  await page.waitForTimeout(4000);
  await shoot(page, 'reading', undefined, 'table tbody tr');
  await shoot(page, 'lines', '/lines', 'table tbody tr');
  await shoot(page, 'task-items', '/settings/task-items', 'table tbody tr');
  await page.goto('/meters');
  await page
    .getByText(/^2611\d{8}$/)
    .nth(2)
    .click();
  await page.getByText('20 days').click();
  await shoot(page, 'meter', undefined, 'canvas');
  await page.screenshot({ path: join(directory, 'meter-full.png'), fullPage: true });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: join(directory, 'meter-phone.png') });
  for (const error of errors) console.error(`console: ${error}`);
  process.exitCode = errors.length === 0 ? 0 : 1;
} finally {
  await browser.close();
  demo.kill('SIGTERM');
  await demo.exited;
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
