import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { buildUi } from '../../scripts/build-ui.ts';
import { hasBrowser, launch, watchErrors } from './browser.ts';
import { type Harness, startHarness } from './harness.ts';

const NEW_PASSWORD = 'correct horse battery 7';
const KEY = '00112233445566778899aabbccddeeff';
const shots = process.env['SHOTS'];

describe.skipIf(!hasBrowser)('network keys in a browser', () => {
  let harness: Harness;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  const shot = async (name: string): Promise<void> => {
    if (shots === undefined) return;
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(shots, `${name}.png`) });
  };

  beforeAll(async () => {
    await buildUi();
    harness = await startHarness();
    browser = await launch();
    const context = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 1440, height: 900 },
    });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    errors = watchErrors(page);
    await page.goto(harness.url);
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill(harness.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('Current password').fill(harness.password);
    await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD);
    await page.getByLabel('New password again').fill(NEW_PASSWORD);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('navigation').first().waitFor();
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await harness?.stop();
  });

  test('a key is noted and a change planned, and neither key is ever shown', async () => {
    await page.goto(`${harness.url}/settings/network-keys`);
    await page.getByRole('heading', { level: 1, name: 'Network Keys' }).waitFor();
    await page.getByText('No key known').waitFor();
    expect(await page.getByRole('button', { name: 'Change key' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Note a key' }).click();
    await page.getByLabel('Pre-shared key').fill('too short');
    await page.getByRole('button', { name: 'Note', exact: true }).click();
    await page.getByText('Must be 32 hexadecimal digits').waitFor();
    await page.getByLabel('Pre-shared key').fill(KEY);
    await page.getByLabel('The same once more').fill(KEY);
    await page.getByRole('button', { name: 'Note', exact: true }).click();
    await page.getByText('Key known').waitFor();
    await page.getByRole('button', { name: 'Change key' }).click();
    const next = KEY.replaceAll('0', '9');
    await page.getByLabel('Pre-shared key').fill(next);
    await page.getByLabel('The same once more').fill(next);
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByText(/meters can take the key, the farthest first/).waitFor();
    await shot('network-key-plan');
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByRole('heading', { name: 'Change 1 · g3_meters' }).waitFor();
    await shot('network-keys');
    const content = (await page.content()).toLowerCase();
    for (const key of [KEY, next]) expect(content).not.toContain(key);
    expect(errors).toEqual([]);
  }, 60_000);
});
