import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { buildUi } from '../../scripts/build-ui.ts';
import { hasBrowser, launch, watchErrors } from './browser.ts';
import { type Harness, startHarness } from './harness.ts';

const NEW_PASSWORD = 'correct horse battery 7';
const shots = process.env['SHOTS'];

describe.skipIf(!hasBrowser)('GUI in a browser', () => {
  let harness: Harness;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];

  const shot = async (name: string): Promise<void> => {
    if (shots === undefined) return;
    // Drawers and dialogs slide in.
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(shots, `${name}.png`) });
  };
  const open = async (path: string, heading: string): Promise<void> => {
    await page.goto(`${harness.url}${path}`);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  };

  beforeAll(async () => {
    await buildUi();
    harness = await startHarness();
    browser = await launch();
    context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(15_000);
    errors = watchErrors(page);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await harness?.stop();
  });

  test('sign in, and nothing opens before the password is changed', async () => {
    await page.goto(`${harness.url}/meters`);
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill('not it');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('Name or password is wrong.').waitFor();
    await shot('login');
    expect(errors.splice(0).every((error) => error.includes('401'))).toBe(true);
    await page.getByLabel('Password', { exact: true }).fill(harness.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Choose your own password' }).waitFor();
    await shot('change-password');
    await page.getByLabel('Current password').fill('wrong one');
    await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD);
    await page.getByLabel('New password again').fill(NEW_PASSWORD);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('the current password is wrong').waitFor();
    expect(errors.splice(0).every((error) => error.includes('422'))).toBe(true);
    await page.getByLabel('Current password').fill(harness.password);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByRole('heading', { name: 'Home' }).waitFor();
    expect(errors).toEqual([]);
  }, 60_000);

  test('home shows the ten items of Figure 6 and the round under way', async () => {
    await open('/', 'Home');
    await page.getByRole('cell', { name: 'Meter Power Quality' }).waitFor();
    expect(await page.locator('tbody tr').count()).toBe(10);
    await page.getByText('All 3 channels').waitFor();
    await page.getByText('tcp_meters').first().waitFor();
    await page.getByText('485_1').first().waitFor();
    await shot('home');
    expect(errors).toEqual([]);
  }, 30_000);

  test('the archive filters by its address and back', async () => {
    await open('/meters', 'Meters');
    await page.getByRole('link', { name: '0011539400' }).waitFor();
    await shot('meters');
    await page.getByLabel('Search MeterNo').fill('0011539463');
    await page.waitForURL(/search=0011539463/);
    await page.getByRole('link', { name: '0011539407' }).waitFor({ state: 'detached' });
    expect(await page.getByRole('link', { name: /^00115/ }).count()).toBe(1);
    await open('/meters?state=offline', 'Meters');
    await page.getByRole('link', { name: '0011539435' }).waitFor();
    expect(await page.getByRole('link', { name: '0011539400' }).count()).toBe(0);
    expect(errors).toEqual([]);
  }, 30_000);

  test('a meter is added, refused with its field, edited and deleted', async () => {
    await open('/meters', 'Meters');
    await page.getByRole('button', { name: 'Add meter' }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByLabel('MeterNo').fill('0011539400');
    await shot('meter-drawer');
    await drawer.getByRole('button', { name: 'Add meter' }).click();
    await drawer.locator('[id$="-error"]').first().waitFor();
    expect(errors.splice(0).every((error) => error.includes('409') || error.includes('422'))).toBe(true);
    await drawer.getByLabel('MeterNo').fill('E2E-0001');
    await drawer.getByLabel('Host').fill('10.0.0.7');
    await drawer.getByLabel('Port').fill('99999');
    await drawer.getByRole('button', { name: 'Add meter' }).click();
    await drawer.getByText('Must be a whole number from 1 to 65535').waitFor();
    await drawer.getByLabel('Port').fill('4059');
    await drawer.getByRole('button', { name: 'Add meter' }).click();
    await drawer.waitFor({ state: 'hidden' });
    await open('/meters?search=E2E', 'Meters');
    await page.getByRole('button', { name: 'Edit E2E-0001' }).click();
    expect(await drawer.getByLabel('Host').inputValue()).toBe('10.0.0.7');
    await drawer.getByLabel('Phase').fill('3');
    await drawer.getByRole('button', { name: 'Save' }).click();
    await drawer.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Delete E2E-0001' }).click();
    const sure = page.getByRole('dialog');
    expect(await sure.getByRole('button', { name: 'Delete', exact: true }).isDisabled()).toBe(true);
    await sure.getByLabel('Type E2E-0001 to confirm').fill('E2E-0001');
    await sure.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('No meter fits these filters').waitFor();
    expect(errors).toEqual([]);
  }, 60_000);

  test('a file of meters is looked at, put right and imported', async () => {
    await open('/meters', 'Meters');
    await page.getByRole('button', { name: 'Import' }).click();
    const drawer = page.getByRole('dialog');
    const file = (port: string): string =>
      `MeterNo;Channel;Host;Port;Auth;Password\nCSV-1;tcp_meters;10.9.0.1;4059;lls;s3cret\nCSV-2;tcp_meters;10.9.0.2;${port};none;\n`;
    await drawer.getByLabel('or paste it').fill(file('99999'));
    await drawer.getByRole('button', { name: 'Preview' }).click();
    await drawer.getByText('Port must be a whole number from 1 to 65535').waitFor();
    expect(await drawer.getByRole('button', { name: /^Import/ }).isDisabled()).toBe(true);
    await shot('import');
    await drawer.getByLabel('or paste it').fill(file('4059'));
    await drawer.getByRole('button', { name: 'Preview' }).click();
    await drawer.getByText('Password given').waitFor();
    await shot('import-sound');
    await drawer.getByRole('button', { name: 'Import: add 2' }).click();
    await drawer.getByText('2 added, 0 changed, 0 as they were, 0 left out.').waitFor();
    await drawer.getByRole('button', { name: 'Close' }).click();
    await open('/meters?search=CSV', 'Meters');
    await page.getByRole('link', { name: 'CSV-2' }).waitFor();
    expect(await page.getByText('***').count()).toBe(1);
    expect(errors).toEqual([]);
  }, 60_000);

  test('a meter is replaced, and each of the two shows the other', async () => {
    await open('/meters/7', 'Meter 0011539442');
    await page.getByRole('button', { name: 'Replace' }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByLabel('MeterNo of the new meter').fill('NEW-1');
    await shot('replace');
    await drawer.getByRole('button', { name: 'Replace', exact: true }).click();
    await drawer.getByText('Password is needed for lls').first().waitFor();
    expect(errors.splice(0).every((error) => error.includes('422'))).toBe(true);
    await drawer.getByLabel('Password', { exact: true }).fill('12345678');
    await drawer.getByRole('button', { name: 'Replace', exact: true }).click();
    await drawer.waitFor({ state: 'hidden' });
    await page.getByText('Replaced by').waitFor();
    await shot('replaced');
    await page.getByRole('link', { name: 'NEW-1' }).click();
    await page.getByRole('heading', { level: 1, name: 'Meter NEW-1' }).waitFor();
    await page.getByRole('link', { name: '0011539442' }).waitFor();
    expect(errors).toEqual([]);
  }, 60_000);

  test('a found device is accepted as what it said it is; another is kept silent', async () => {
    await open('/found', 'Found Devices');
    await shot('found');
    const row = (text: string) => page.getByRole('row').filter({ hasText: text });
    await row('1/99').getByRole('button', { name: 'Accept' }).click();
    const drawer = page.getByRole('dialog');
    expect(await drawer.getByLabel('MeterNo').inputValue()).toBe('0011540099');
    expect(await drawer.getByLabel('Physical device address').inputValue()).toBe('199');
    await drawer.getByLabel('Opening of the line').waitFor();
    expect(await drawer.getByLabel('Host').count()).toBe(0);
    await shot('accept');
    await drawer.getByRole('button', { name: 'Add meter' }).click();
    await drawer.waitFor({ state: 'hidden' });
    await row('1/99').waitFor({ state: 'detached' });
    await row('000011539999').getByRole('button', { name: 'Blacklist' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Blacklist' }).click();
    await page.getByText('Nothing has been found that is not in the archive').waitFor();
    await open('/blacklist', 'Blacklist');
    await row('000011539999').waitFor();
    await page.getByRole('button', { name: 'Add device' }).click();
    await page.getByRole('textbox', { name: 'Device' }).fill('0011539449');
    await page.getByRole('textbox', { name: 'Reason' }).fill('reported stolen');
    await page.getByRole('button', { name: 'Save' }).click();
    await row('0011539449').getByRole('link', { name: '0011539449' }).waitFor();
    await shot('blacklist');
    await row('0011539449').getByRole('link', { name: '0011539449' }).click();
    await page.getByText('Blacklisted', { exact: true }).first().waitFor();
    expect(errors).toEqual([]);
  }, 60_000);

  test('a line is searched: a bad range has its field, what is found says why, and the search is ended', async () => {
    await open('/discovery', 'Find Devices');
    await page.getByText('Nobody has looked for devices').waitFor();
    await page.getByRole('combobox', { name: 'Channel' }).click();
    await page.getByRole('option', { name: '485_1' }).click();
    await page.getByLabel('HDLC addresses').fill('9-1');
    await page.getByRole('button', { name: 'Look' }).click();
    await page.getByText('is no address or range').waitFor();
    expect(errors.splice(0).every((error) => error.includes('400'))).toBe(true);
    await page.getByLabel('HDLC addresses').fill('16-40');
    await page.getByRole('button', { name: 'Look' }).click();
    await page.getByText('24 of 111 addresses').waitFor();
    const rows = page.locator('table tbody tr');
    expect(await rows.nth(0).textContent()).toContain('1030000123456');
    expect(await rows.nth(1).textContent()).toContain('two devices have this address');
    await rows.nth(0).getByText('IDIS').hover();
    await page.getByText('made by LGZ').first().waitFor();
    await shot('discovery');
    expect(await rows.nth(0).getByRole('link', { name: 'Accept' }).getAttribute('href')).toBe(
      '/found?channel=485_1&search=1%2F17',
    );
    await page.getByRole('button', { name: 'End the search' }).click();
    await page.getByText('cancelled').waitFor();
    await open('/settings/profiles', 'Meter Profile');
    await page.getByText('IS 15959 (India)').click();
    await page.getByText('Nobody has confirmed: clients 80 and 96').waitFor();
    await shot('profiles');
    expect(errors).toEqual([]);
  }, 30_000);

  test('the meter page draws the profile with its gaps, and has every tab', async () => {
    await open('/meters/2?days=20', 'Meter 0011539407');
    await page.locator('.uplot canvas').waitFor();
    await page.getByText('Gap, not fetched yet').waitFor();
    await page.getByText('Gap, no rows in the meter').waitFor();
    await page.getByRole('heading', { name: 'Line quality' }).waitFor();
    await shot('meter');
    for (const [tab, text] of [
      ['Demand', 'Demand import'],
      ['Billing', 'Maximum demand import'],
      ['Registers', '1.0.32.7.0.255'],
      ['Events', 'Terminal cover removed'],
    ] as const) {
      await page.getByRole('tab', { name: tab, exact: true }).click();
      await page.getByText(text).first().waitFor();
      await shot(`meter-${tab.toLowerCase()}`);
    }
    await page.getByRole('button', { name: 'Read now' }).click();
    await page.getByText('Meter 0011539407 has been read.').waitFor();
    expect(errors).toEqual([]);
  }, 60_000);

  test('another meter at an address is told of, and accepted after a question', async () => {
    const attempt = { meterId: 3, itemId: 1, startedAt: Date.now(), finishedAt: Date.now(), added: 0 };
    const message = 'another meter answers at the address of this one';
    await harness.store.collection.saveAttempt({ ...attempt, error: 'meter-replaced', message });
    await page.goto(`${harness.url}/meters/3`);
    await page.getByText('Another meter answers at this address').waitFor();
    await shot('meter-other');
    await page.getByRole('button', { name: 'It is the right one' }).click();
    await page.getByRole('button', { name: 'Accept', exact: true }).click();
    await page.getByText('Accepted; the next read').waitFor();
    await harness.store.collection.saveAttempt(attempt);
    expect(errors).toEqual([]);
  }, 30_000);

  test('a meter is read and its relay switched only after MeterNo was typed', async () => {
    await open('/reading', 'Meter Reading');
    await page.getByRole('button', { name: 'Reading 0011539407' }).click();
    const row = page.locator('tbody tr', { hasText: '0011539407' });
    await row.getByText('On', { exact: true }).waitFor();
    await row.getByText('742 W').waitFor();
    await page.getByRole('button', { name: 'Relay of 0011539407' }).click();
    await page.getByRole('menuitem', { name: 'Switch off…' }).click();
    const sure = page.getByRole('dialog');
    await sure.getByLabel('Type 0011539407 to confirm').fill('0011539407');
    await shot('relay');
    await sure.getByRole('button', { name: 'Switch off' }).click();
    await page.getByText('the relay reports off').waitFor();
    await shot('meter-reading');
    // What was read stays known after a reload, here and on the meter's page, with the time of reading.
    await open('/reading', 'Meter Reading');
    await row.getByText('Off', { exact: true }).waitFor();
    await row.getByText('742 W').waitFor();
    await row.getByText('read just now').waitFor();
    await open('/meters/2', 'Meter 0011539407');
    await page.getByText('Off', { exact: true }).waitFor();
    await page.getByText(/^Read at/).waitFor();
    await open('/reading', 'Meter Reading');
    await page.getByRole('button', { name: 'Reading 0011539442' }).click();
    await page.getByText('Meter 0011539442 could not be read').waitFor();
    expect(errors.splice(0).every((error) => error.includes('504'))).toBe(true);
  }, 60_000);

  test('the lines show their troubles, the worst meter first', async () => {
    await open('/lines', 'Lines');
    await page.getByRole('heading', { name: 'dlms_tcp' }).waitFor();
    const first = (table: number) => page.locator('table').nth(table).locator('tbody tr').first();
    expect(await first(0).textContent()).toContain('0011539407');
    expect(await first(0).textContent()).toContain('no answer of HDLC server 1/17');
    // 25 of 44, and the one with time-outs on top.
    expect(await first(1).textContent()).toContain('11539475');
    expect(await page.locator('table').nth(1).locator('tbody tr').count()).toBe(25);
    await page.locator('table').nth(1).getByText('Frames', { exact: true }).click();
    await page.locator('table').nth(1).locator('tbody tr').first().getByText('11539513').waitFor();
    await shot('lines');
    expect(errors).toEqual([]);
  }, 30_000);

  test.each([
    ['/settings/tasks', 'Task', 'empty_task'],
    ['/settings/task-items', 'Task Item', 'energy profile'],
    ['/settings/channels', 'Channel', '485_1'],
    ['/settings/channel-attributes', 'Channel Attribution', 'tcp_client'],
    ['/settings/protocols', 'Protocol', 'dlms_down'],
    ['/settings/protocol-attributes', 'Protocol Attribution', 'max.bytes'],
    ['/settings/system', 'System', 'ppp.apn'],
    ['/events/logbook', 'Concentrator Log', 'Nothing has happened yet'],
    ['/events/audit', 'Audit Trail', 'meter.create'],
    ['/no-such-page', 'There is no such page', 'Go to the home page'],
  ])(
    '%s renders',
    async (path, heading, text) => {
      await open(path, heading);
      await page.getByText(text).first().waitFor();
      await shot(path.slice(1).replaceAll('/', '-'));
      expect(errors).toEqual([]);
    },
    30_000,
  );

  test('the cron editor says in words what an expression means, and what is wrong with it', async () => {
    await open('/settings/task-items', 'Task Item');
    await page.getByRole('button', { name: /^Edit single_phase \/ energy profile/ }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText('Next runs (Europe/Riga)').waitFor();
    await drawer.getByLabel('Cron').fill('0 23-7/2, 8 * * *');
    await drawer.getByText(/23/).first().waitFor();
    await shot('cron-editor');
    await drawer.getByLabel('Cron').fill('0 25 * * *');
    await drawer.locator('[id$="-error"]').waitFor();
    expect(errors.splice(0).every((error) => error.includes('422'))).toBe(true);
  }, 30_000);

  test('a lost connection is told, and the page comes back by itself', async () => {
    await page.route('**/api/events/stream', (route) => route.abort());
    await open('/', 'Home');
    await page.getByText('Connection to the concentrator lost').waitFor();
    await shot('connection-lost');
    await page.unroute('**/api/events/stream');
    await page.getByText('Connection to the concentrator lost').waitFor({ state: 'detached' });
    expect(errors.splice(0).every((error) => error.includes('ERR_FAILED'))).toBe(true);
  }, 30_000);

  test('on a phone, in the dark', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const [path, heading, name] of [
      ['/', 'Home', 'phone-home'],
      ['/meters', 'Meters', 'phone-meters'],
      ['/meters/2', 'Meter 0011539407', 'phone-meter'],
      ['/reading', 'Meter Reading', 'phone-reading'],
    ] as const) {
      await open(path, heading);
      await page.waitForLoadState('networkidle', { timeout: 1_500 }).catch(() => undefined);
      if (path === '/reading') {
        await page.getByRole('button', { name: 'Reading 0011539407' }).click();
        await page.getByText('742 W').first().waitFor();
      }
      await shot(name);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect([name, overflow]).toEqual([name, 0]);
    }
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('navigation', { name: 'Main' }).getByText('Task Item').click();
    await page.getByRole('heading', { level: 1, name: 'Task Item' }).waitFor();
    expect(errors).toEqual([]);
  }, 60_000);

  test('signing out ends the session', async () => {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    const answer = await context.request.get(`${harness.url}/api/device`);
    expect(answer.status()).toBe(401);
  }, 30_000);
});
