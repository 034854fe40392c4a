import type { Clock } from '../base/clock.ts';
import type { Capture } from '../channels/capture.ts';
import type { ChannelOpener, SerialSettings } from '../channels/channel.ts';
import { serialOpener } from '../channels/serial.ts';
import { tcpOpener } from '../channels/tcp.ts';
import { udpOpener } from '../channels/udp.ts';

export type PortSettings = SerialSettings & { readonly openTimeoutMs: number };

export interface TcpEndpoint {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
}

/** What opens ports and connections southwards: the system's, or those of a simulated world. */
export interface Transports {
  serial(settings: PortSettings): ChannelOpener;
  tcp(endpoint: TcpEndpoint): ChannelOpener;
  udp(endpoint: { readonly host: string; readonly port: number }): ChannelOpener;
}

export const systemTransports = (clock: Clock): Transports => ({
  serial: (settings) => serialOpener(settings, clock),
  tcp: (endpoint) => tcpOpener(endpoint, clock),
  udp: (endpoint) => udpOpener(endpoint, clock),
});

/** The same, with all that goes over them told to a capture. */
export const capturedTransports = (transports: Transports, capture: Capture): Transports => ({
  serial: (settings) => capture.of(transports.serial(settings)),
  tcp: (endpoint) => capture.of(transports.tcp(endpoint)),
  udp: (endpoint) => capture.of(transports.udp(endpoint)),
});
