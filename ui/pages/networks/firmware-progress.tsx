import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core';
import { request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { bytesText } from '../../format.ts';
import { confirm } from '../../parts/confirm.tsx';
import { failed, messageOf, told } from '../../parts/problem.tsx';
import { Time } from '../../parts/time.tsx';
import { TARGETS } from './firmware-targets.ts';
import type { Module } from './module-words.ts';

type Upgrade = NonNullable<Module['upgrade']>;

const endings = {
  done: ['teal', 'Firmware handed over'],
  failed: ['red', 'Firmware not taken'],
  cancelled: ['gray', 'Firmware cancelled'],
} as const;

/** How far an image has come, or how its handing over ended. */
export function FirmwareProgress({
  channel,
  upgrade: { state, target, bytes, done, total, finishedAt, trouble },
}: {
  readonly channel: string;
  readonly upgrade: Upgrade;
}) {
  const mayCancel = useRight('settings.write');
  const cancel = useChange(
    () => request('DELETE /api/modules/:channel/firmware', { params: { channel } }),
    ['modules'],
  );
  const what = `${bytesText(bytes)} for ${TARGETS[target]}`;
  if (state !== 'running') {
    const [color, title] = endings[state as keyof typeof endings];
    return (
      <Alert color={color} title={title} p="sm">
        <Text size="sm" component="div">
          {what}, <Time ms={finishedAt} />
          {trouble !== null && state === 'failed' && `: ${messageOf(trouble)}`}
        </Text>
      </Alert>
    );
  }
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="sm">
        <Text size="sm" className="numbers">
          Firmware: {what} · {total === 0 ? 'being begun' : `piece ${done} of ${total}`}
        </Text>
        {mayCancel && (
          <Button
            size="xs"
            variant="default"
            loading={cancel.isPending}
            onClick={() =>
              confirm(
                'Cancel the firmware',
                'The module keeps the firmware that it has. Another try begins anew.',
                'Cancel the firmware',
                () =>
                  cancel.mutate(undefined, {
                    onSuccess: () => told('The handing over is being cancelled.'),
                    onError: (error) => failed('Could not cancel', error),
                  }),
              )
            }
          >
            Cancel
          </Button>
        )}
      </Group>
      <Progress value={total === 0 ? 0 : (100 * done) / total} animated aria-label="Firmware handed over" />
    </Stack>
  );
}
