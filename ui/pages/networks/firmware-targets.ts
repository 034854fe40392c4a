/** Whom an image is for. */
export const TARGETS: Readonly<Record<string, string>> = {
  module: 'the module',
  stations: 'the stations',
  all: 'module and stations',
};
