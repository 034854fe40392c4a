import { t } from 'elysia';
import * as schema from '../g3-schema.ts';
import { defineRoute, found, idParams } from '../route.ts';
import { nullable } from '../schema.ts';

export const g3Routes = [
  defineRoute({
    method: 'GET',
    path: '/api/meters/:id/path',
    right: 'readings.read',
    summary:
      'Way of a meter to the coordinator of its G3-PLC network, and what it told; null before it was asked',
    params: idParams,
    response: t.Object({ path: nullable(schema.g3Path) }),
    handler: async ({ services: { store }, params }) => {
      found(await store.archive.get(params.id), 'meter', params.id);
      const known = await store.g3.path(params.id);
      if (known === undefined) return { path: null };
      const { seenAt, complete, hops, detail } = known;
      const { way, neighbours, routes, blacklist, counters } = detail;
      return {
        path: {
          seenAt,
          complete,
          hops: hops.map(({ meterId, ...hop }) => ({ ...hop, meterId: meterId ?? null })),
          panId: detail.panId,
          shortAddress: detail.shortAddress,
          weakLinks: way.weakLinks,
          cost: way.cost ?? null,
          lqi: way.lqi ?? null,
          weakLqi: detail.weakLqi ?? null,
          maxHops: detail.maxHops ?? null,
          toneMask: detail.toneMask ?? null,
          neighbours: neighbours.map(({ shortAddress, lqi, modulation, toneMapMinutes, validMinutes }) => ({
            shortAddress,
            lqi,
            modulation,
            toneMapMinutes: toneMapMinutes ?? null,
            validMinutes: validMinutes ?? null,
          })),
          routes: routes.map(({ validMinutes, ...route }) => ({
            ...route,
            validMinutes: validMinutes ?? null,
          })),
          blacklisted: blacklist.map(({ shortAddress }) => shortAddress),
          counters: { ...counters },
          skippedRows: detail.skippedRows,
        },
      };
    },
  }),
] as const;
