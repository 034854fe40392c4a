import { setDefaultTimeout } from 'bun:test';

/**
 * Bun takes no time limit of tests from bunfig.toml, only this file. Tests in virtual time need thousands of turns of
 * the event loop: on a busy machine a limit of five seconds measures its load and not the product.
 */
setDefaultTimeout(60_000);
