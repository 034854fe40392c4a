import type { ImportPlan } from '../../store/types.ts';
import * as schema from '../archive-schema.ts';
import { importCounts, importedView, type MeterCsv, parseMeterCsv } from '../meter-csv.ts';
import { defineRoute } from '../route.ts';

const planView = ({ delimiter, ignored }: MeterCsv, { rows, digest }: ImportPlan) => ({
  delimiter,
  ignored: [...ignored],
  counts: importCounts(rows),
  digest,
  rows: rows.map(importedView),
});

export const meterImportRoutes = [
  defineRoute({
    method: 'POST',
    path: '/api/meters/import/preview',
    right: 'meters.write',
    summary: 'What an import of a CSV file would do, row by row, with everything that is wrong',
    body: schema.importPreviewBody,
    response: schema.importPlan,
    handler: async ({ services, body }) => {
      const file = parseMeterCsv(body.csv, body.delimiter ?? 'auto');
      return planView(
        file,
        await services.store.archive.planImport(file.rows, { update: body.update ?? false }),
      );
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/api/meters/import',
    right: 'meters.write',
    summary: 'Enter the meters of a CSV file: all of them or none, or only those without errors',
    body: schema.importBody,
    response: schema.importResult,
    handler: async ({ services, body, audit }) => {
      const { csv, delimiter = 'auto', update = false, soundOnly = false, digest, file: name = 'CSV' } = body;
      const file = parseMeterCsv(csv, delimiter);
      const { applied, ...plan } = await services.store.archive.import(file.rows, {
        update,
        soundOnly,
        ...(digest === undefined ? {} : { digest }),
      });
      const view = planView(file, plan);
      if (applied) {
        const { create, update: changed, unchanged, error } = view.counts;
        await audit(
          'meter.import',
          name,
          `${create} created, ${changed} changed, ${unchanged} unchanged, ${error} left out`,
        );
      }
      return { applied, ...view };
    },
  }),
] as const;
