import { balanceRoutes } from './balance.ts';
import { clockRoutes } from './clock.ts';
import { configurationRoutes } from './configuration.ts';
import { deviceRoutes } from './devices.ts';
import { discoveryRoutes } from './discovery.ts';
import { eventRoutes } from './events.ts';
import { g3Routes } from './g3.ts';
import { headendRoutes } from './headend.ts';
import { homeRoutes } from './home.ts';
import { lineRoutes } from './lines.ts';
import { lockoutRoutes } from './lockouts.ts';
import { logRoutes } from './logs.ts';
import { meterImportRoutes } from './meter-import.ts';
import { meterRoutes } from './meters.ts';
import { networkKeyRoutes } from './network-keys.ts';
import { networkRoutes } from './networks.ts';
import { operatingRoutes } from './operating.ts';
import { readingRoutes } from './readings.ts';
import { sessionRoutes } from './session.ts';
import { taskRoutes } from './tasks.ts';
import { uplinkRoutes } from './uplink.ts';

/** Every route there is. The GUI's client takes its types from this table. */
export const routes = [
  ...sessionRoutes,
  ...homeRoutes,
  ...meterRoutes,
  ...meterImportRoutes,
  ...deviceRoutes,
  ...discoveryRoutes,
  ...readingRoutes,
  ...balanceRoutes,
  ...operatingRoutes,
  ...lineRoutes,
  ...networkRoutes,
  ...networkKeyRoutes,
  ...g3Routes,
  ...eventRoutes,
  ...taskRoutes,
  ...configurationRoutes,
  ...clockRoutes,
  ...uplinkRoutes,
  ...headendRoutes,
  ...lockoutRoutes,
  ...logRoutes,
] as const;

export type ApiRoute = (typeof routes)[number];
