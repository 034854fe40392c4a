import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { request } from '../api/client.ts';
import { useChange, useRight } from '../api/queries.ts';
import { failed, told } from './problem.tsx';

/** Fetches what is missing, of one meter or of all, without waiting for the schedule. */
export function CollectButton({ meterId }: { readonly meterId?: number }) {
  const collect = useChange(
    () => request('POST /api/jobs/run', { body: meterId === undefined ? {} : { meterId } }),
    ['home', 'jobs'],
  );
  if (!useRight('readings.execute')) return null;
  return (
    <Button
      variant="light"
      leftSection={<IconDownload size={16} />}
      loading={collect.isPending}
      onClick={() =>
        collect.mutate(undefined, {
          onSuccess: ({ queued }) =>
            told(
              queued === 0 ? 'Nothing is missing; there was nothing to queue.' : `${queued} reads queued.`,
            ),
          onError: (error) => failed('Could not start collecting', error),
        })
      }
    >
      Collect missing data
    </Button>
  );
}
