import { Select, SimpleGrid, Switch } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { FormSection } from './form-section.tsx';
import type { MeterForm } from './meter-form.ts';

/** Where a meter stands in the balance of a transformer. */
export function BalanceFields({
  form,
  balances,
}: {
  readonly form: UseFormReturnType<MeterForm>;
  readonly balances: readonly string[];
}) {
  const { balance, meterNo } = form.values;
  const others = balances.filter((one) => one !== meterNo);
  return (
    <FormSection title="Balance of the transformer">
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Switch
          label="Balance meter: it counts all that goes through the transformer"
          mt={{ base: 0, xs: balance ? 0 : 30 }}
          {...form.getInputProps('balance', { type: 'checkbox' })}
        />
        {!balance && (
          <Select
            label="Below"
            allowDeselect={false}
            data={[
              { value: '', label: others.length === 1 ? `The only one, ${others[0]}` : 'The only one' },
              ...others.map((one) => ({ value: one, label: one })),
              { value: '-', label: 'None' },
            ]}
            description={
              others.length > 1 ? 'There are several balance meters: name the one it is below' : undefined
            }
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            {...form.getInputProps('balanceMeter')}
          />
        )}
      </SimpleGrid>
    </FormSection>
  );
}
