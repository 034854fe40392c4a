import { Command } from 'commander';
import type { DlmsClient } from '../channels/dlms-client.ts';
import type { CosemAttribute, GetResult } from '../dlms/client.ts';
import { decodeValue, elementsOf, granted, isScaledValue, scalerAttributeOf } from '../meters/attribute.ts';
import {
  type CaptureObject,
  parseCaptureObjects,
  parseScalerUnit,
  profileAttribute,
  type ScalerUnit,
} from '../meters/layout.ts';
import type { CliCommand, CliIo } from './command.ts';
import {
  holdsDateTime,
  humanLines,
  octetText,
  type ReadResult,
  type ShownColumn,
  shownUnit,
  shownValue,
} from './read-format.ts';
import { type ReadFlags, type ReadPlan, readPlan } from './read-options.ts';
import { addTargetOptions } from './target-options.ts';
import { targetConfig, withTarget } from './target-session.ts';

/** `dcu read`: attributes of one meter, over TCP or a serial line, without a concentrator. */
export const readCommand: CliCommand = {
  build(io) {
    const command = new Command('read')
      .description('Read attributes of a meter.')
      .argument('<attributes...>', 'CLASS:OBIS:ATTRIBUTE, e.g. 3:1.0.1.8.0.255:2');
    return addTargetOptions(command)
      .option('--from <time>', 'profile rows from this time on (ISO 8601)')
      .option('--to <time>', 'profile rows up to this time (ISO 8601)')
      .option('--entries <range>', 'profile rows A-B, counted from 1')
      .option('--json', 'print one line of JSON')
      .action(async (targets: string[], flags: ReadFlags) => {
        const results = await read(readPlan(flags, targets), io);
        if (flags.json === true) io.out(JSON.stringify({ ok: true, results }));
        else for (const line of humanLines(results)) io.out(line);
      });
  },
};

async function read(plan: ReadPlan, { signal }: CliIo): Promise<ReadResult[]> {
  const config = await targetConfig(plan.target, signal);
  return withTarget(plan.target, config, signal, async (client) => {
    const results: ReadResult[] = [];
    for (const attribute of plan.attributes) results.push(await readOne(client, attribute, plan));
    return results;
  });
}

async function readOne(client: DlmsClient, attribute: CosemAttribute, plan: ReadPlan): Promise<ReadResult> {
  const isBuffer = attribute.classId === 7 && attribute.attribute === 2;
  const result = await client.get(attribute, isBuffer ? plan.selection : undefined);
  if (!result.ok) return { ...attribute, error: result.result };
  if (isBuffer) return bufferResult(client, attribute, result.data);
  const value = decodeValue(result.data);
  const text = octetText(attribute, value);
  const dateTime = holdsDateTime(attribute);
  const scale = isScaledValue(attribute) ? await scalerOf(client, attribute) : undefined;
  return {
    ...attribute,
    type: value.type,
    value: shownValue(value, dateTime),
    ...(text === undefined || dateTime ? {} : { text }),
    ...(isScaledValue(attribute) ? { scaler: scale?.scaler ?? null, unit: shownUnit(scale?.unit) } : {}),
  };
}

async function bufferResult(
  client: DlmsClient,
  attribute: CosemAttribute,
  data: Uint8Array,
): Promise<ReadResult> {
  const value = decodeValue(data);
  const captures = profileAttribute(attribute.obis, 3);
  const objects = parseCaptureObjects(
    attribute.obis,
    decodeValue(granted(captures, await client.get(captures))),
  );
  const scalers = new Map<string, ScalerUnit | undefined>();
  const columns: ShownColumn[] = [];
  for (const object of objects) {
    const scale = isScaledValue(object) ? await columnScaler(client, object, scalers) : undefined;
    const { classId, obis, attribute: index } = object;
    columns.push({
      classId,
      obis,
      attribute: index,
      scaler: scale?.scaler ?? null,
      unit: shownUnit(scale?.unit),
    });
  }
  const rows = elementsOf(attribute, value, 'array').map((row) =>
    elementsOf(attribute, row, 'structure').map((cell, at) => {
      const object = objects[at];
      return shownValue(cell, object !== undefined && holdsDateTime(object));
    }),
  );
  return { ...attribute, type: value.type, columns, rows };
}

async function columnScaler(
  client: DlmsClient,
  object: CaptureObject,
  known: Map<string, ScalerUnit | undefined>,
): Promise<ScalerUnit | undefined> {
  const key = `${object.classId}:${object.obis}`;
  if (!known.has(key)) known.set(key, await scalerOf(client, object));
  return known.get(key);
}

/** Undefined when the meter refuses it. */
async function scalerOf(
  client: DlmsClient,
  { classId, obis }: Pick<CosemAttribute, 'classId' | 'obis'>,
): Promise<ScalerUnit | undefined> {
  const attribute = scalerAttributeOf(classId);
  if (attribute === undefined) return undefined;
  const target = { classId, obis, attribute };
  const result: GetResult = await client.get(target);
  return parseScalerUnit(target, result);
}
