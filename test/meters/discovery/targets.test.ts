import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { DcuError } from '../../../src/base/errors.ts';
import { hdlcName, hdlcTargets, ipTargets } from '../../../src/meters/discovery/targets.ts';

const field = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    if (error instanceof DcuError) return error.field;
    throw error;
  }
  return undefined;
};

describe('HDLC addresses', () => {
  test('without a range: one byte first, then where meters are delivered', () => {
    const targets = hdlcTargets({});
    expect(targets[0]).toEqual({ serverAddress: 1, addressBytes: 1 });
    expect(targets[1]).toEqual({ serverAddress: 1, physicalAddress: 16, addressBytes: 2 });
    expect(targets).toHaveLength(111);
  });

  test('ranges, sizes and serial numbers, each address once', () => {
    expect(hdlcTargets({ addresses: '16-18, 17,40' }).map(hdlcName)).toEqual([
      '1/16',
      '1/17',
      '1/18',
      '1/40',
    ]);
    expect(hdlcTargets({ addresses: '1,16', addressBytes: 1 }).map(hdlcName)).toEqual(['1', '16']);
    expect(hdlcTargets({ addresses: '1000', addressBytes: 4, logical: 2 })).toEqual([
      { serverAddress: 2, physicalAddress: 1000, addressBytes: 4 },
    ]);
    expect(hdlcTargets({ serials: ['LGZ 1030012345', '7'] }).map(hdlcName)).toEqual(['1/3345:4', '1/1007:4']);
  });

  test.each([
    [{ addresses: '9-3' }, 'addresses'],
    [{ addresses: '1-200' }, 'addresses'],
    [{ addresses: '1,,2' }, 'addresses'],
    [{ addresses: 'x' }, 'addresses'],
    [{ addresses: '0-16383,0-16383', addressBytes: 4 }, 'addresses'],
    [{ serials: ['none'] }, 'serials'],
  ] as const)('refuses %j', (range, wrong) => {
    expect(field(() => hdlcTargets(range))).toBe(wrong);
  });
});

describe('IP endpoints', () => {
  test('names, addresses and networks, with ports of their own or the given ones', () => {
    expect(ipTargets(['10.0.0.0/30', 'meter.example:4060', '[fd00::17]:5000', 'fd00::18'], [4059])).toEqual([
      { host: '10.0.0.1', port: 4059 },
      { host: '10.0.0.2', port: 4059 },
      { host: 'meter.example', port: 4060 },
      { host: 'fd00::17', port: 5000 },
      { host: 'fd00::18', port: 4059 },
    ]);
    expect(ipTargets(['10.0.0.7/32:1', '192.168.255.254/31'], [2])).toEqual([
      { host: '10.0.0.7', port: 1 },
      { host: '192.168.255.254', port: 2 },
      { host: '192.168.255.255', port: 2 },
    ]);
    expect(ipTargets(['a', 'a', 'a:4059'], [4059])).toHaveLength(1);
  });

  test.each([
    [[], [1], 'hosts'],
    [['10.0.0.0/8'], [1], 'hosts'],
    [['10.0.0.0/21', '10.1.0.0/21', '10.2.0.0/21'], [1], 'hosts'],
    [['300.0.0.0/28'], [1], 'hosts'],
    [['10.0.0.0/33'], [1], 'hosts'],
    [['a:0'], [1], 'hosts'],
    [['a b'], [1], 'hosts'],
    [[''], [1], 'hosts'],
    [['a'], [0], 'ports'],
    [['a'], [], 'ports'],
  ] as const)('refuses %j %j', (hosts, ports, wrong) => {
    expect(field(() => ipTargets(hosts, ports))).toBe(wrong);
  });

  test('never more than the limit, and never anything but its own error', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.ipV4(),
            fc.ipV6(),
            fc.domain(),
            fc.tuple(fc.ipV4(), fc.nat(40)).map(([ip, bits]) => `${ip}/${bits}`),
          ),
          { maxLength: 6 },
        ),
        fc.array(fc.integer({ min: -1, max: 70_000 }), { maxLength: 4 }),
        (hosts, ports) => {
          try {
            const targets = ipTargets(hosts, ports);
            return targets.length <= 4_096 && targets.every(({ port }) => port >= 1 && port <= 65_535);
          } catch (error) {
            return error instanceof DcuError && error.code === 'invalid-argument';
          }
        },
      ),
    );
  });
});
