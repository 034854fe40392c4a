import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { buildUi } from '../../scripts/build-ui.ts';
import { BalanceKeeper } from '../../src/balance/keeper.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { hasBrowser, launch, watchErrors } from './browser.ts';
import { type Harness, startHarness } from './harness.ts';

const NEW_PASSWORD = 'correct horse battery 7';
const shots = process.env['SHOTS'];

describe.skipIf(!hasBrowser)('the balance in a browser', () => {
  let harness: Harness;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  const shot = async (name: string): Promise<void> => {
    if (shots === undefined) return;
    await page.waitForTimeout(400);
    await page.screenshot({ path: join(shots, `${name}.png`) });
  };
  const settle = async (): Promise<void> => {
    const keeper = new BalanceKeeper({ store: harness.store.balances, clock: systemClock, log: silentLog });
    await keeper.settle();
    await keeper.stop();
  };

  beforeAll(async () => {
    await buildUi();
    harness = await startHarness({ meters: 6 });
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

  test('from nothing to a balance', async () => {
    await page.goto(`${harness.url}/balance`);
    await page.getByText('No meter is marked as balance meter yet.').waitFor();
    await shot('balance-empty');
    const [total] = (await harness.store.archive.list({ sort: 'id' })).rows;
    if (total === undefined) throw new Error('there are no meters');
    await page.goto(`${harness.url}/meters/${total.id}`);
    await page.getByRole('button', { name: 'Edit' }).click();
    await page
      .getByRole('dialog')
      .getByRole('switch', { name: /^Balance meter/ })
      .check();
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByText(`Meter ${total.meterNo} has been saved.`).waitFor();
    await settle();
    await page.getByRole('link', { name: 'Balance of its transformer' }).click();
    await page.getByText('5 meters below it').waitFor();
    await page.locator('canvas').first().waitFor();
    await page.getByRole('columnheader', { name: 'Fed back' }).waitFor();
    const [newest] = (
      await harness.store.balances.intervals(total.id, { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })
    ).slice(-1);
    expect(newest?.expected).toBe(5);
    const missing = page.getByRole('button', { name: / of 5$/ });
    if ((newest?.counted ?? 5) < 5) {
      await missing.first().click();
      await page.getByRole('dialog').locator('tbody tr').first().waitFor();
    }
    expect(errors).toEqual([]);
  }, 60_000);

  test('a meter names the balance meter that it is below', async () => {
    const [total, other] = (await harness.store.archive.list({ sort: 'id' })).rows;
    if (total === undefined || other === undefined) throw new Error('there are no meters');
    await page.goto(`${harness.url}/meters/${other.id}`);
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('dialog').getByRole('combobox', { name: 'Below' }).click();
    await page.getByRole('option', { name: total.meterNo, exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByText(`Meter ${other.meterNo} has been saved.`).waitFor();
    expect((await harness.store.archive.get(other.id))?.balanceMeter).toBe(total.meterNo);
    expect(errors).toEqual([]);
  }, 60_000);
});
