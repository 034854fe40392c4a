import { PasswordInput, Select, SimpleGrid, Text, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { Meter } from '../../../src/api/contract.ts';
import { FormSection } from './form-section.tsx';
import type { MeterForm } from './meter-form.ts';

/** How a meter is protected. `stored`: the meter whose secrets stay where nothing is typed in. */
export function SecurityFields({
  form,
  stored,
}: {
  readonly form: UseFormReturnType<MeterForm>;
  readonly stored: Meter | undefined;
}) {
  const { auth, policy } = form.values.security;
  const wantsKeys = auth === 'hls-gmac' || policy !== 'none';
  const kept = (isStored: boolean | undefined): string =>
    isStored === true ? 'Stored; leave empty to keep it' : 'Not set';
  return (
    <FormSection title="Security">
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Select
          label="Authentication"
          allowDeselect={false}
          data={[
            { value: 'none', label: 'None' },
            { value: 'lls', label: 'Password (LLS)' },
            { value: 'hls-md5', label: 'MD5 (HLS 3)' },
            { value: 'hls-sha1', label: 'SHA-1 (HLS 4)' },
            { value: 'hls-gmac', label: 'GMAC (HLS 5)' },
            { value: 'hls-sha256', label: 'SHA-256 (HLS 6)' },
            { value: 'hls-ecdsa', label: 'ECDSA (HLS 7)' },
          ]}
          {...form.getInputProps('security.auth')}
        />
        <Select
          label="Protection of messages"
          allowDeselect={false}
          data={[
            { value: 'none', label: 'None' },
            { value: 'auth', label: 'Authenticated' },
            { value: 'enc', label: 'Encrypted' },
            { value: 'auth-enc', label: 'Authenticated and encrypted' },
          ]}
          {...form.getInputProps('security.policy')}
        />
        <Select
          label="Security suite"
          allowDeselect={false}
          data={[
            { value: '0', label: '0: AES-128' },
            { value: '1', label: '1: AES-128, P-256' },
            { value: '2', label: '2: AES-256, P-384' },
          ]}
          {...form.getInputProps('security.suite')}
        />
        <TextInput
          label="System title"
          placeholder="16 hexadecimal digits"
          {...form.getInputProps('security.systemTitle')}
        />
        <PasswordInput
          label="Password"
          placeholder={kept(stored?.hasPassword)}
          autoComplete="new-password"
          {...form.getInputProps('secrets.password')}
        />
      </SimpleGrid>
      {wantsKeys && (
        <>
          <PasswordInput
            label="Encryption key"
            placeholder={kept(stored?.hasKeys)}
            autoComplete="new-password"
            {...form.getInputProps('secrets.encryptionKey')}
          />
          <PasswordInput
            label="Authentication key"
            placeholder={kept(stored?.hasKeys)}
            autoComplete="new-password"
            {...form.getInputProps('secrets.authenticationKey')}
          />
          <PasswordInput
            label="Master key"
            description="Wraps keys that are sent to the meter; not needed for reading"
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            placeholder={stored === undefined ? 'Not set' : 'Leave empty to keep the stored one'}
            autoComplete="new-password"
            {...form.getInputProps('secrets.masterKey')}
          />
        </>
      )}
      {auth === 'hls-ecdsa' && (
        <>
          <TextInput
            label="Meter’s public signing key"
            description="X and Y of its certificate’s key, hexadecimal"
            inputWrapperOrder={['label', 'input', 'description', 'error']}
            {...form.getInputProps('security.signingKey')}
          />
          <PasswordInput
            label="Our private signing key"
            placeholder={stored === undefined ? 'Not set' : 'Leave empty to keep the stored one'}
            autoComplete="new-password"
            {...form.getInputProps('secrets.signingKey')}
          />
        </>
      )}
      <Text size="xs" c="dimmed">
        Password and keys can be replaced, but never shown again.
      </Text>
    </FormSection>
  );
}
