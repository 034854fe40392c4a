import { t } from 'elysia';
import { defineRoute } from '../route.ts';
import { epochMs, nullable } from '../schema-parts.ts';

export const clockRoutes = [
  defineRoute({
    method: 'GET',
    path: '/api/clock',
    right: 'settings.read',
    summary: "The concentrator's clock, and who has set it",
    response: t.Object({
      now: epochMs(),
      zone: t.String(),
      /** A head-end or a time server has said within a day what time it is. */
      synchronised: t.Boolean(),
      /** It shows less than it was set to last. */
      lost: t.Boolean(),
      last: nullable(
        t.Object({
          source: t.Union([t.Literal('hes'), t.Literal('ntp')]),
          who: t.String(),
          at: epochMs(),
        }),
      ),
      /** Why the time server gave no time; null while it does, or none is asked. */
      ntpError: nullable(t.Object({ code: t.String(), message: t.String() })),
    }),
    handler: ({ services: { clock, clockState, device } }) => {
      const { synchronised, lost, last, ntpError } = clockState();
      return {
        now: clock.now(),
        zone: device.zone(),
        synchronised,
        lost,
        last: last === undefined ? null : { ...last },
        ntpError: ntpError === undefined ? null : { code: ntpError.code, message: ntpError.message },
      };
    },
  }),
] as const;
