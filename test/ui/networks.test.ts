import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { buildUi } from '../../scripts/build-ui.ts';
import { hasBrowser, launch, watchErrors } from './browser.ts';
import { type Harness, startHarness } from './harness.ts';

const NEW_PASSWORD = 'correct horse battery 7';
const NODES = 2041;
const shots = process.env['SHOTS'];

describe.skipIf(!hasBrowser)('a network in a browser', () => {
  let harness: Harness;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  const shot = async (name: string): Promise<void> => {
    if (shots === undefined) return;
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(shots, `${name}.png`) });
  };
  const open = async (path: string): Promise<void> => {
    await page.goto(`${harness.url}${path}`);
    await page.getByRole('heading', { level: 1, name: 'Networks' }).waitFor();
  };
  const module = () => page.getByRole('region', { name: 'Module of reading_module' });

  beforeAll(async () => {
    await buildUi();
    harness = await startHarness({ network: NODES });
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
    await page.getByText('12 meters · 7 in flight, 3 waiting').waitFor();
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await harness?.stop();
  });

  test('the tree draws what is in sight, leads from a node to the coordinator, and folds', async () => {
    await open('/networks');
    const items = page.getByRole('treeitem');
    await items.first().waitFor();
    expect(await items.count()).toBeLessThan(80);
    await page.getByText('1 meter was never seen in this network').waitFor();
    await page.getByRole('treeitem', { level: 3 }).first().click();
    await page.waitForURL(/node=/);
    const way = page.getByRole('region', { name: /^Node / });
    await way.getByRole('button', { name: '000000000001' }).waitFor();
    await way.getByRole('link', { name: 'Look among the found devices' }).waitFor();
    await shot('network-tree');
    await way.getByRole('button', { name: '000000000001' }).click();
    await page.getByRole('region', { name: 'Node 000000000001' }).waitFor();
    await page.getByRole('tree').press('ArrowLeft');
    await page.getByRole('button', { name: 'Open 000000000001' }).waitFor();
    expect(await items.count()).toBe(1);
    expect(errors).toEqual([]);
  }, 60_000);

  test('a link to a filter shows what fits, with the way to it; the table pages', async () => {
    await open('/networks?search=000011539130');
    await page.locator('[data-address="000011539130"]').waitFor();
    expect(await page.getByRole('treeitem').count()).toBe(6);
    await open('/networks?show=gone&view=table');
    await page.getByText('1 of 2\u202f041 nodes fit').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(1);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('1 - 50 / 2041').waitFor();
    await page.getByRole('link', { name: '000011539001' }).waitFor();
    expect(errors).toEqual([]);
  }, 60_000);

  test('firmware is handed over only after the channel was typed, is seen on its way, and cancelled', async () => {
    await open('/networks');
    await module().getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Firmware…' }).click();
    const drawer = page.getByRole('dialog');
    const hand = drawer.getByRole('button', { name: 'Hand over' });
    await drawer
      .locator('input[type=file]')
      .setInputFiles({ name: 'a.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(5000, 7) });
    const digest = new Bun.CryptoHasher('sha256').update(Buffer.alloc(5000, 7)).digest('hex');
    await drawer.getByText(digest).waitFor();
    expect(await hand.isDisabled()).toBe(true);
    await drawer.getByLabel('Type reading_module to confirm').fill('reading_module');
    await shot('network-firmware');
    await hand.click();
    await module().getByText('4.9 KiB for the module · piece 1 of 3').waitFor();
    await module().getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the firmware' }).click();
    await module().getByText('Firmware cancelled').waitFor();
    expect(errors).toEqual([]);
  }, 60_000);

  test('registration is opened and closed; a module that is gone says so', async () => {
    await open('/networks');
    await module().getByRole('button', { name: 'Let devices register' }).click();
    await page.getByRole('dialog').getByLabel('For how many minutes').fill('30');
    await page.getByRole('dialog').getByRole('button', { name: 'Open registration' }).click();
    await module().getByText('Registration is open for 30 min').waitFor();
    await module().getByRole('button', { name: 'Stop' }).click();
    await module().getByText('Ready', { exact: true }).waitFor();
    await module().getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Frequency band…' }).click();
    await page.getByRole('combobox', { name: 'Band' }).click();
    await page.getByRole('option', { name: /^1:/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Change the band' }).click();
    await page.getByRole('alert').getByText('The module is not there.').waitFor();
    expect(errors.splice(0).every((error) => error.includes('503'))).toBe(true);
  }, 60_000);

  test('a channel of no node says what will be', async () => {
    await open('/networks?channel=g3_meters');
    await page.getByText('No meter has told its way through the network yet').waitFor();
    expect(errors).toEqual([]);
  }, 30_000);
});
