import { NumberInput, Select, SimpleGrid, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { FormSection } from './form-section.tsx';
import { BAUD_RATES, type MeterForm, type Way } from './meter-form.ts';

type Form = UseFormReturnType<MeterForm>;

/** How a meter is reached: what its kind of channel asks for. */
export function AddressFields({ form, way }: { readonly form: Form; readonly way: Way }) {
  const { framing, addressBytes } = form.values.address;
  return (
    <FormSection title="Address">
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Select
          label="Framing"
          allowDeselect={false}
          data={[
            { value: 'wrapper', label: 'TCP/UDP wrapper' },
            { value: 'hdlc', label: 'HDLC' },
          ]}
          {...form.getInputProps('address.framing')}
        />
        {framing === 'hdlc' && (
          <Select
            label="Address bytes"
            allowDeselect={false}
            data={['1', '2', '4']}
            {...form.getInputProps('address.addressBytes')}
          />
        )}
        {way === 'module' && <NodeField form={form} />}
        {(way === 'ip' || way === 'other') && <HostFields form={form} required={way === 'ip'} />}
        <NumberInput label="Client address" required {...form.getInputProps('address.clientAddress')} />
        <NumberInput
          label={framing === 'hdlc' ? 'Logical device address' : 'Server address'}
          required
          {...form.getInputProps('address.serverAddress')}
        />
        {framing === 'hdlc' && addressBytes !== '1' && (
          <NumberInput
            label="Physical device address"
            required
            {...form.getInputProps('address.physicalAddress')}
          />
        )}
        {way === 'line' && <LineFields form={form} />}
        <Select
          label="Names of objects"
          allowDeselect={false}
          data={[
            { value: 'ln', label: 'Logical names (LN)' },
            { value: 'sn', label: 'Short names (SN)' },
            { value: 'auto', label: 'What the meter offers' },
          ]}
          {...form.getInputProps('address.referencing')}
        />
      </SimpleGrid>
    </FormSection>
  );
}

function NodeField({ form }: { readonly form: Form }) {
  return (
    <TextInput
      label="Node"
      placeholder="MeterNo with zeros in front"
      description="Address of the communication unit, twelve digits"
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      {...form.getInputProps('address.node')}
    />
  );
}

function HostFields({ form, required }: { readonly form: Form; readonly required: boolean }) {
  return (
    <>
      <TextInput label="Host" required={required} {...form.getInputProps('address.host')} />
      <NumberInput label="Port" required={required} {...form.getInputProps('address.port')} />
      {form.values.address.framing === 'wrapper' && (
        <Select
          label="TCP or UDP"
          allowDeselect={false}
          data={[
            { value: 'tcp', label: 'TCP' },
            { value: 'udp', label: 'UDP' },
          ]}
          {...form.getInputProps('address.transport')}
        />
      )}
    </>
  );
}

function LineFields({ form }: { readonly form: Form }) {
  const modeE = form.values.address.opening === 'mode-e';
  return (
    <>
      {form.values.address.framing === 'hdlc' && (
        <Select
          label="Opening of the line"
          allowDeselect={false}
          data={[
            { value: 'direct', label: 'HDLC at once' },
            { value: 'mode-e', label: 'IEC 62056-21 mode E' },
          ]}
          {...form.getInputProps('address.opening')}
        />
      )}
      <Select
        label={modeE ? 'Highest bit rate' : 'Bit rate'}
        placeholder="As the channel"
        clearable
        data={BAUD_RATES.map(String)}
        {...form.getInputProps('address.baudRate')}
        value={form.values.address.baudRate || null}
        onChange={(value) => form.setFieldValue('address.baudRate', value ?? '')}
      />
      <Select
        label="Parity"
        placeholder="As the channel"
        clearable
        data={[
          { value: 'none', label: 'None' },
          { value: 'even', label: 'Even' },
          { value: 'odd', label: 'Odd' },
        ]}
        {...form.getInputProps('address.parity')}
        value={form.values.address.parity || null}
        onChange={(value) =>
          form.setFieldValue('address.parity', (value ?? '') as MeterForm['address']['parity'])
        }
      />
    </>
  );
}
