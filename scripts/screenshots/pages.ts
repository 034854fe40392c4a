import type { Page } from 'playwright-core';

/** One picture: how to get there, and what tells that it is drawn. */
export interface Picture {
  readonly name: string;
  readonly path: string;
  readonly settled: string;
  /** What is done on the page before the picture is taken. */
  readonly act?: (page: Page) => Promise<void>;
}

const dialog = (page: Page) => page.getByRole('dialog');
const meterLink = (page: Page, channel: string) =>
  page
    .goto(`/meters?channel=${channel}`)
    .then(() => page.locator('tbody a[href^="/meters/"]').first().click());

const CSV = [
  'MeterNo;Channel;Host;Port;Auth',
  'NEW-1;tcp_meters;10.9.0.1;4059;none',
  'NEW-2;tcp_meters;10.9.0.2;99999;none',
].join('\n');

/** Key-shaped words for forms that hide them. */
const KEY = '00112233445566778899AABBCCDDEEFF';

async function planKeys(page: Page): Promise<void> {
  const typed = async (key: string, button: string): Promise<void> => {
    await dialog(page).getByLabel('Pre-shared key').fill(key);
    await dialog(page).getByLabel('The same once more').fill(key);
    await dialog(page).getByRole('button', { name: button, exact: true }).click();
  };
  const change = page.getByRole('button', { name: 'Change key' }).first();
  if (await change.isDisabled()) {
    await page.getByRole('button', { name: 'Note a key' }).first().click();
    await typed(KEY, 'Note');
    await page.getByText('Key known').first().waitFor();
  }
  await change.click();
  await typed(KEY.replaceAll('0', '9'), 'Show the plan');
  await page.getByText('can take the key').waitFor();
}

export const PICTURES: readonly Picture[] = [
  { name: 'home', path: '/', settled: 'text=Energy Profile' },
  { name: 'meters', path: '/meters', settled: 'table tbody tr' },
  {
    name: 'meter-form',
    path: '/meters?add=1',
    settled: 'role=dialog',
    act: async (page) => {
      await dialog(page).getByLabel('MeterNo').fill('0011539400');
      await dialog(page).getByLabel('Authentication', { exact: true }).first().click();
      await page.getByRole('option', { name: 'ECDSA (HLS 7)' }).click();
      await page.getByText('Our private signing key').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'import',
    path: '/meters?import=1',
    settled: 'role=dialog',
    act: async (page) => {
      await dialog(page).getByLabel('or paste it').fill(CSV);
      await dialog(page).getByRole('button', { name: 'Preview' }).click();
      await dialog(page).getByText('Port must be a whole number').waitFor();
    },
  },
  {
    name: 'replace',
    path: '/meters',
    settled: 'table tbody tr',
    act: async (page) => {
      await meterLink(page, '485_1');
      await page.getByRole('button', { name: 'Replace' }).click();
      await dialog(page).getByLabel('MeterNo of the new meter').fill('0011540001');
    },
  },
  { name: 'networks', path: '/networks', settled: 'role=treeitem' },
  {
    name: 'networks-node',
    path: '/networks',
    settled: 'role=treeitem',
    act: async (page) => {
      await page.getByRole('treeitem', { level: 3 }).first().click();
      await page.getByText('Way to the coordinator').waitFor();
    },
  },
  { name: 'networks-table', path: '/networks?view=table&phase=1', settled: 'table tbody tr' },
  { name: 'networks-g3', path: '/networks?channel=g3_meters', settled: 'role=treeitem' },
  {
    name: 'networks-firmware',
    path: '/networks',
    settled: 'role=treeitem',
    act: async (page) => {
      await page.getByRole('button', { name: 'More' }).click();
      await page.getByRole('menuitem', { name: 'Firmware…' }).click();
      await dialog(page)
        .locator('input[type=file]')
        .setInputFiles({
          name: 'module.bin',
          mimeType: 'application/octet-stream',
          buffer: Buffer.alloc(4000, 7),
        });
      await dialog(page).getByText('SHA-256').first().waitFor();
    },
  },
  {
    name: 'networks-register',
    path: '/networks',
    settled: 'role=treeitem',
    act: async (page) => {
      await page.getByRole('button', { name: 'Let devices register' }).click();
      await dialog(page).getByLabel('For how many minutes').waitFor();
    },
  },
  { name: 'balance', path: '/balance?days=1', settled: 'table tbody tr' },
  {
    name: 'balance-missing',
    path: '/balance?days=30',
    settled: 'table tbody tr',
    act: async (page) => {
      await page.getByRole('button', { name: / of / }).first().click();
      await dialog(page).locator('tbody tr').first().waitFor();
    },
  },
  {
    name: 'balance-form',
    path: '/balance',
    settled: 'table tbody tr',
    act: async (page) => {
      await page.locator('main a[href^="/meters/"]').first().click();
      await page.getByRole('button', { name: 'Edit' }).click();
      await dialog(page).getByText('Balance of the transformer').scrollIntoViewIfNeeded();
    },
  },
  { name: 'head-end', path: '/head-end', settled: 'text=tcp_server_gui' },
  { name: 'head-end-outbox', path: '/head-end?tab=outbox', settled: 'table tbody tr' },
  {
    name: 'head-end-connections',
    path: '/head-end?tab=connections',
    settled: 'text=Nobody is connected now',
  },
  { name: 'head-end-lockouts', path: '/head-end?tab=lockouts', settled: 'text=Nobody is locked out' },
  { name: 'lines', path: '/lines', settled: 'table tbody tr' },
  {
    name: 'discovery',
    path: '/discovery',
    settled: 'text=Channel',
    act: async (page) => {
      await page.getByRole('combobox', { name: 'Channel' }).click();
      await page.getByRole('option', { name: '485_1' }).click();
      await page.getByLabel('HDLC addresses').fill('16-40');
      await page.getByRole('button', { name: 'Look', exact: true }).click();
      await page.locator('table tbody tr').first().waitFor();
      await page.waitForTimeout(4000);
    },
  },
  { name: 'found', path: '/found', settled: 'h1' },
  { name: 'blacklist', path: '/blacklist', settled: 'h1' },
  { name: 'network-keys', path: '/settings/network-keys', settled: 'text=g3_meters' },
  { name: 'network-keys-plan', path: '/settings/network-keys', settled: 'text=g3_meters', act: planKeys },
  { name: 'profiles', path: '/settings/profiles', settled: 'text=IDIS' },
  { name: 'channels', path: '/settings/channels', settled: 'table tbody tr' },
  {
    name: 'channel-attributes',
    path: '/settings/channel-attributes?of=reading_module',
    settled: 'table tbody tr',
  },
  { name: 'task-items', path: '/settings/task-items', settled: 'table tbody tr' },
  {
    name: 'task-item',
    path: '/settings/task-items',
    settled: 'table tbody tr',
    act: async (page) => {
      await page
        .getByRole('button', { name: /^Edit / })
        .first()
        .click();
      await dialog(page).getByText('Next runs').waitFor();
    },
  },
  { name: 'system', path: '/settings/system', settled: 'table tbody tr' },
  { name: 'logbook', path: '/events/logbook', settled: 'table' },
  { name: 'audit', path: '/events/audit', settled: 'table tbody tr' },
  {
    name: 'reading',
    path: '/reading',
    settled: 'table tbody tr',
    act: async (page) => {
      const buttons = page.locator('tbody button', { hasText: 'Reading' });
      for (let row = 0; row < 3; row++) await buttons.nth(row).click();
      await page.waitForTimeout(4000);
    },
  },
  ...['485_1', 'reading_module', 'g3_meters', 'tcp_meters'].map((channel) => ({
    name: `meter-${channel}`,
    path: '/meters',
    settled: 'table tbody tr',
    act: async (page: Page) => {
      await meterLink(page, channel);
      await page.getByText('20 days').click();
      await page.locator('canvas').first().waitFor();
    },
  })),
];
