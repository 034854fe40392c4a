import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { buildUi } from '../../scripts/build-ui.ts';
import { hasBrowser, launch, watchErrors } from './browser.ts';
import { type Harness, startHarness } from './harness.ts';

const NEW_PASSWORD = 'correct horse battery 7';
const KEY = '00112233445566778899aabbccddeeff';
const shots = process.env['SHOTS'];

describe.skipIf(!hasBrowser)('the ways to head-ends in a browser', () => {
  let harness: Harness;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  /** In light and dark, on a desktop and on a phone. */
  const shot = async (name: string): Promise<void> => {
    if (shots === undefined) return;
    for (const [size, width, height] of [
      ['desktop', 1440, 900],
      ['phone', 390, 844],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.waitForTimeout(400);
        await page.screenshot({ path: join(shots, `${name}-${size}-${colorScheme}.png`), fullPage: true });
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
  };
  const open = async (query = ''): Promise<void> => {
    await page.goto(`${harness.url}/head-end${query}`);
    await page.getByRole('heading', { level: 1, name: 'Head-end' }).waitFor();
  };
  const channel = (name: string) => page.getByRole('region', { name: `Channel ${name}`, exact: true });
  const outbox = (name: string) => page.getByRole('region', { name: `Outbox of ${name}` });
  const dialog = () => page.getByRole('dialog');

  beforeAll(async () => {
    await buildUi();
    harness = await startHarness({ meters: 6, northwards: true });
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
    await page.getByText('Energy Profile').first().waitFor();
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await harness?.stop();
  });

  test('each channel says how it is, whom it talks to, and what to do', async () => {
    await page.getByRole('link', { name: 'Head-end' }).press('Enter');
    await channel('tcp_server').getByText('Associated', { exact: true }).waitFor();
    await channel('tcp_server').getByText('0.0.0.0:4059').waitFor();
    await channel('tcp_client').getByText('No address could be used, 3 rounds so far.').waitFor();
    await channel('tcp_client').getByText('10.20.0.1:4059 refused. Check address and port').waitFor();
    await channel('tcp_server_im').getByText('Port 4061 is taken.').waitFor();
    await channel('hes_push').getByText('No answer within 5 s. Nobody answers in time.').waitFor();
    await channel('mqtt').getByText('Connected', { exact: true }).waitFor();
    await page.getByText('Clock not synchronised').waitFor();
    await shot('head-end');
    await channel('tcp_server_gui').getByText('Nobody can connect: set a port').waitFor();
    await channel('tcp_server_gui').getByRole('link').click();
    await page.waitForURL(/channel-attributes\?of=tcp_server_gui/);
    expect(errors).toEqual([]);
  }, 60_000);

  test('a key is set and never shown; one that is none is refused at its field', async () => {
    await open();
    await channel('tcp_server').getByRole('button', { name: 'Keys of tcp_server' }).click();
    await dialog().getByRole('button', { name: 'Set hes.encryption.key' }).click();
    await dialog().getByLabel('New value').fill('too short');
    await dialog().getByRole('button', { name: 'Save' }).click();
    await dialog().getByText('Must be 32 hexadecimal digits').waitFor();
    await dialog().getByLabel('New value').fill(KEY);
    await dialog().getByRole('button', { name: 'Save' }).click();
    await dialog().getByRole('button', { name: 'Replace hes.encryption.key' }).waitFor();
    await shot('head-end-keys');
    expect(await page.content()).not.toContain(KEY);
    expect(await harness.store.configuration.channelSecret('tcp_server', 'hes.encryption.key')).toBe(KEY);
    await page.keyboard.press('Escape');
    await channel('mqtt').getByRole('button', { name: 'Keys of mqtt' }).click();
    await dialog().getByRole('button', { name: 'Set mqtt.password' }).waitFor();
    expect(errors).toEqual([]);
  }, 60_000);

  test('what waits is given up only after its number was shown', async () => {
    await open('?tab=outbox');
    await outbox('hes_push').getByText('3 waiting').waitFor();
    await outbox('hes_push').getByRole('button', { name: 'Give up all that waits' }).click();
    await dialog()
      .getByText(/^3 items \(.* will not be brought to it/)
      .waitFor();
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    expect((await harness.store.outbox.state()).map(({ waiting }) => waiting)).toContain(3);
    await shot('head-end-outbox');
    await outbox('hes_push').getByRole('button', { name: 'Give up all that waits' }).click();
    await dialog().getByRole('button', { name: 'Give up 3 items' }).click();
    await page.getByText('3 items given up.').waitFor();
    await outbox('hes_push').getByText('Empty').waitFor();
    expect((await harness.store.outbox.state()).map(({ waiting }) => waiting)).not.toContain(3);
    expect(errors).toEqual([]);
  }, 60_000);

  test('a rule is set for an event code, told what its route means, and goes back to usual', async () => {
    await open('?tab=outbox&of=hes_push');
    await page.getByRole('heading', { name: 'Rules of hes_push' }).waitFor();
    await page.getByRole('button', { name: 'Edit Energy profile' }).click();
    await dialog().getByLabel('Priority').fill('9');
    await dialog().getByRole('button', { name: 'Save' }).click();
    await dialog().getByText('Must be a whole number from 1 to 5').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Rule for an event code' }).click();
    await dialog().getByLabel('Event code').fill('40');
    await dialog().getByLabel('Delay, seconds').fill('120');
    await dialog().getByRole('combobox', { name: 'Route' }).click();
    await page.getByRole('option', { name: 'In the window' }).click();
    await dialog().getByText('Waits for the window of the channel, which is not set').waitFor();
    await shot('head-end-rule');
    await dialog().getByRole('button', { name: 'Save' }).click();
    const row = page.getByRole('row', { name: /code 40/ });
    await row.getByText('2 min').waitFor();
    expect(await harness.store.outbox.rules()).toEqual([
      { destination: 'hes_push', class: 'fraud:40', priority: 1, route: 'window', delayS: 120 },
    ]);
    await row.getByRole('button', { name: /^Back to usual/ }).click();
    await dialog().getByRole('button', { name: 'Back to usual' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await harness.store.outbox.rules()).toEqual([]);
    expect(errors).toEqual([]);
  }, 60_000);

  test('connections with their associations, and the port of a meter that is searched', async () => {
    await open('?tab=connections');
    await page.getByText('Client 2: HLS GMAC, ciphered').waitFor();
    await page.getByRole('row', { name: /10\.20\.0\.9:50113.*none yet/ }).waitFor();
    await shot('head-end-connections');
    await page.getByText('1 - 25 / 40').waitFor();
    await page.getByLabel('Search MeterNo or port').fill('20003');
    await page.getByText('Cannot be had').waitFor();
    await page.getByText('1 - 1 / 1').waitFor();
    expect(errors).toEqual([]);
  }, 60_000);

  test('who is locked out is let in again after a question', async () => {
    await open('?tab=lockouts');
    await page.getByText('10.9.9.9').waitFor();
    await shot('head-end-lockouts');
    await page.getByRole('button', { name: 'Let 10.9.9.9 in again' }).click();
    await dialog().getByText('10.9.9.9 may try again on tcp_server').waitFor();
    await dialog().getByRole('button', { name: 'Let in again' }).click();
    await page.getByText('Nobody is locked out').waitFor();
    expect(errors).toEqual([]);
  }, 60_000);
});
