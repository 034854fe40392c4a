import { version } from '../../package.json';

/** Set by the build to the commit that the executable was made from. */
declare const BUILD_COMMIT: string | undefined;

/** `0.1.0` from a checkout, `0.1.0+1a2b3c4` in a built executable (semantic versioning's build metadata). */
export const VERSION: string =
  typeof BUILD_COMMIT === 'string' && BUILD_COMMIT !== '' ? `${version}+${BUILD_COMMIT}` : version;
