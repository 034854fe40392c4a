import { Alert, Button, Group, Text } from '@mantine/core';
import { IconReplace } from '@tabler/icons-react';
import type { Meter } from '../../../src/api/contract.ts';
import { request } from '../../api/client.ts';
import { useChange, useRight } from '../../api/queries.ts';
import { confirm } from '../../parts/confirm.tsx';
import { failed, told } from '../../parts/problem.tsx';

/** Shown while another meter than the one of the archive answers at its address: nothing is read until it is settled which. */
export function OtherMeter({ meter, replace }: { readonly meter: Meter; readonly replace: () => void }) {
  const mayWrite = useRight('meters.write');
  const accept = useChange(
    () => request('POST /api/meters/:id/accept-identity', { params: { id: meter.id } }),
    ['meter', 'jobs'],
  );
  if (meter.lastError?.code !== 'meter-replaced') return null;
  const ask = (): void =>
    confirm(
      'Accept this meter?',
      `What answers at the address of ${meter.meterNo} is from now on taken for ${meter.meterNo}, and its readings are kept under that number.`,
      'Accept',
      () =>
        accept.mutate(undefined, {
          onSuccess: () => told('Accepted; the next read takes it for this meter.'),
          onError: (error) => failed('The meter was not accepted', error),
        }),
    );
  return (
    <Alert color="orange" icon={<IconReplace />} title="Another meter answers at this address">
      <Text size="sm">{meter.lastError.message}</Text>
      {mayWrite && (
        <Group mt="sm">
          <Button onClick={replace}>Replace</Button>
          <Button variant="default" loading={accept.isPending} onClick={ask}>
            It is the right one
          </Button>
        </Group>
      )}
    </Alert>
  );
}
