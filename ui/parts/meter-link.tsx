import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import type { Meter } from '../../src/api/contract.ts';

/** The meter by its number; work that is for no meter of the archive (id 0) leads nowhere. */
export function MeterLink({ meter }: { readonly meter: Pick<Meter, 'id' | 'meterNo'> }) {
  if (meter.id <= 0) return <span className="numbers">{meter.meterNo}</span>;
  return (
    <Anchor component={Link} to={`/meters/${meter.id}`} className="numbers" fw={500} inherit>
      {meter.meterNo}
    </Anchor>
  );
}
