import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import type { Meter } from '../../src/api/contract.ts';

export function MeterLink({ meter }: { readonly meter: Pick<Meter, 'id' | 'meterNo'> }) {
  return (
    <Anchor component={Link} to={`/meters/${meter.id}`} className="numbers" fw={500} inherit>
      {meter.meterNo}
    </Anchor>
  );
}
