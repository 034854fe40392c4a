import { expect, test } from 'bun:test';
import { codeMappings } from '../../src/channels/program-pages.ts';

const MAPS = `00200000-01a39000 r--p 00000000 fe:00 9988168                            /usr/bin/dcu
01a40000-06849000 r-xp 01838000 fe:00 9988168                            /usr/bin/dcu
0684a000-0685f000 rw-p 06641000 fe:00 9988168                            /usr/bin/dcu
7f8852d86000-7f8892d86000 rwxp 00000000 00:00 0
7f8890000000-7f8890001000 r-xp 00000000 00:00 0
7f88930f1000-7f8893247000 r-xp 00026000 fe:00 131                        /usr/lib/libc.so.6
7f88932c0000-7f88932c2000 r-xp 00000000 00:00 0                          [vdso]
7f88932c2000-7f88932c4000 r--p 00000000 fe:00 131                        /usr/lib/libc.so.6
`;

test('only code that comes from a file and cannot be written is given back', () => {
  expect(codeMappings(MAPS)).toEqual([
    { start: 0x01a40000n, bytes: 0x4e09000n },
    { start: 0x7f88930f1000n, bytes: 0x156000n },
  ]);
});
