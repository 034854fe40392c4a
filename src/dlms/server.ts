export { createServerMachine } from './cosem/server-machine.ts';
export type * from './server-types.ts';
