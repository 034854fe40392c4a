export type * from './client-types.ts';
export { createClientMachine } from './cosem/client-machine.ts';
