import { ACCOUNT } from './account.ts';
import { ACTIVITY_CALENDAR } from './activity-calendar.ts';
import { ARBITRATOR } from './arbitrator.ts';
import { ARRAY_MANAGER } from './array-manager.ts';
import { ASSOCIATION_LN } from './association-ln.ts';
import { ASSOCIATION_SN } from './association-sn.ts';
import { AUTO_ANSWER } from './auto-answer.ts';
import { AUTO_CONNECT } from './auto-connect.ts';
import { CHARGE } from './charge.ts';
import { CLOCK } from './clock.ts';
import { COMMUNICATION_PORT_PROTECTION } from './communication-port-protection.ts';
import { COMPACT_DATA } from './compact-data.ts';
import { CREDIT } from './credit.ts';
import { DATA } from './data.ts';
import { DATA_PROTECTION } from './data-protection.ts';
import type { InterfaceClass } from './define-class.ts';
import { DEMAND_REGISTER } from './demand-register.ts';
import { DISCONNECT_CONTROL } from './disconnect-control.ts';
import { EXTENDED_REGISTER } from './extended-register.ts';
import { FUNCTION_CONTROL } from './function-control.ts';
import { G3_6LOWPAN_SETUP } from './g3-6lowpan-setup.ts';
import { G3_MAC_LAYER_COUNTERS } from './g3-mac-layer-counters.ts';
import { G3_MAC_SETUP } from './g3-mac-setup.ts';
import { GPRS_MODEM_SETUP } from './gprs-modem-setup.ts';
import { GSM_DIAGNOSTIC } from './gsm-diagnostic.ts';
import { IEC_61334_4_32_LLC_SETUP } from './iec-61334-4-32-llc-setup.ts';
import { IEC_61334_4_32_LLC_SSCS_SETUP } from './iec-61334-4-32-llc-sscs-setup.ts';
import { IEC_62055_41_ATTRIBUTES } from './iec-62055-41-attributes.ts';
import { IEC_HDLC_SETUP } from './iec-hdlc-setup.ts';
import { IEC_LOCAL_PORT_SETUP } from './iec-local-port-setup.ts';
import { IEC_TWISTED_PAIR_SETUP } from './iec-twisted-pair-setup.ts';
import { IMAGE_TRANSFER } from './image-transfer.ts';
import { IPV4_SETUP } from './ipv4-setup.ts';
import { IPV6_SETUP } from './ipv6-setup.ts';
import { ISO_8802_2_LLC_TYPE_1_SETUP } from './iso-8802-2-llc-type-1-setup.ts';
import { ISO_8802_2_LLC_TYPE_2_SETUP } from './iso-8802-2-llc-type-2-setup.ts';
import { ISO_8802_2_LLC_TYPE_3_SETUP } from './iso-8802-2-llc-type-3-setup.ts';
import { LIMITER } from './limiter.ts';
import { LORAWAN_DIAGNOSTIC } from './lorawan-diagnostic.ts';
import { LORAWAN_SETUP } from './lorawan-setup.ts';
import { LTE_MONITORING } from './lte-monitoring.ts';
import { M_BUS_CLIENT } from './m-bus-client.ts';
import { M_BUS_DIAGNOSTIC } from './m-bus-diagnostic.ts';
import { M_BUS_MASTER_PORT_SETUP } from './m-bus-master-port-setup.ts';
import { M_BUS_SERVER_PORT_SETUP } from './m-bus-server-port-setup.ts';
import { M_BUS_SLAVE_PORT_SETUP } from './m-bus-slave-port-setup.ts';
import { MAC_ADDRESS_SETUP } from './mac-address-setup.ts';
import { MEASUREMENT_DATA_MONITORING } from './measurement-data-monitoring.ts';
import { MODEM_CONFIGURATION } from './modem-configuration.ts';
import { MPL_DIAGNOSTIC } from './mpl-diagnostic.ts';
import { NTP_SETUP } from './ntp-setup.ts';
import { PARAMETER_MONITOR } from './parameter-monitor.ts';
import { PPP_SETUP } from './ppp-setup.ts';
import { PRIME_APPLICATION_IDENTIFICATION } from './prime-application-identification.ts';
import { PRIME_MAC_COUNTERS } from './prime-mac-counters.ts';
import { PRIME_MAC_FUNCTIONAL_PARAMETERS } from './prime-mac-functional-parameters.ts';
import { PRIME_MAC_NETWORK_ADMINISTRATION } from './prime-mac-network-administration.ts';
import { PRIME_MAC_SETUP } from './prime-mac-setup.ts';
import { PRIME_PHYSICAL_LAYER_COUNTERS } from './prime-physical-layer-counters.ts';
import { PROFILE_GENERIC } from './profile-generic.ts';
import { PUSH_SETUP } from './push-setup.ts';
import { REGISTER } from './register.ts';
import { REGISTER_ACTIVATION } from './register-activation.ts';
import { REGISTER_MONITOR } from './register-monitor.ts';
import { REGISTER_TABLE } from './register-table.ts';
import { RPL_DIAGNOSTIC } from './rpl-diagnostic.ts';
import { S_FSK_ACTIVE_INITIATOR } from './s-fsk-active-initiator.ts';
import { S_FSK_MAC_COUNTERS } from './s-fsk-mac-counters.ts';
import { S_FSK_MAC_SYNCHRONIZATION_TIMEOUTS } from './s-fsk-mac-synchronization-timeouts.ts';
import { S_FSK_PHY_MAC_SETUP } from './s-fsk-phy-mac-setup.ts';
import { S_FSK_REPORTING_SYSTEM_LIST } from './s-fsk-reporting-system-list.ts';
import { SAP_ASSIGNMENT } from './sap-assignment.ts';
import { SCHC_LPWAN_DIAGNOSTIC } from './schc-lpwan-diagnostic.ts';
import { SCHC_LPWAN_SETUP } from './schc-lpwan-setup.ts';
import { SCHEDULE } from './schedule.ts';
import { SCRIPT_TABLE } from './script-table.ts';
import { SECURITY_SETUP } from './security-setup.ts';
import { SENSOR_MANAGER } from './sensor-manager.ts';
import { SINGLE_ACTION_SCHEDULE } from './single-action-schedule.ts';
import { SMTP_SETUP } from './smtp-setup.ts';
import { SPECIAL_DAYS_TABLE } from './special-days-table.ts';
import { STATUS_MAPPING } from './status-mapping.ts';
import { TCP_UDP_SETUP } from './tcp-udp-setup.ts';
import { TOKEN_GATEWAY } from './token-gateway.ts';
import { UTILITY_TABLES } from './utility-tables.ts';
import { WI_SUN_SETUP } from './wi-sun-setup.ts';
import { WIRELESS_MODE_Q_CHANNEL } from './wireless-mode-q-channel.ts';
import { ZIGBEE_NETWORK_CONTROL } from './zigbee-network-control.ts';
import { ZIGBEE_SAS_APS_FRAGMENTATION } from './zigbee-sas-aps-fragmentation.ts';
import { ZIGBEE_SAS_JOIN } from './zigbee-sas-join.ts';
import { ZIGBEE_SAS_STARTUP } from './zigbee-sas-startup.ts';
import { ZIGBEE_TUNNEL_SETUP } from './zigbee-tunnel-setup.ts';

/** Every interface class known here, by id. */
export const INTERFACE_CLASSES: readonly InterfaceClass[] = [
  DATA,
  REGISTER,
  EXTENDED_REGISTER,
  DEMAND_REGISTER,
  REGISTER_ACTIVATION,
  PROFILE_GENERIC,
  CLOCK,
  SCRIPT_TABLE,
  SCHEDULE,
  SPECIAL_DAYS_TABLE,
  ASSOCIATION_SN,
  ASSOCIATION_LN,
  SAP_ASSIGNMENT,
  IMAGE_TRANSFER,
  IEC_LOCAL_PORT_SETUP,
  ACTIVITY_CALENDAR,
  REGISTER_MONITOR,
  SINGLE_ACTION_SCHEDULE,
  IEC_HDLC_SETUP,
  IEC_TWISTED_PAIR_SETUP,
  M_BUS_SLAVE_PORT_SETUP,
  UTILITY_TABLES,
  MODEM_CONFIGURATION,
  AUTO_ANSWER,
  AUTO_CONNECT,
  DATA_PROTECTION,
  PUSH_SETUP,
  TCP_UDP_SETUP,
  IPV4_SETUP,
  MAC_ADDRESS_SETUP,
  PPP_SETUP,
  GPRS_MODEM_SETUP,
  SMTP_SETUP,
  GSM_DIAGNOSTIC,
  IPV6_SETUP,
  S_FSK_PHY_MAC_SETUP,
  S_FSK_ACTIVE_INITIATOR,
  S_FSK_MAC_SYNCHRONIZATION_TIMEOUTS,
  S_FSK_MAC_COUNTERS,
  IEC_61334_4_32_LLC_SETUP,
  S_FSK_REPORTING_SYSTEM_LIST,
  ISO_8802_2_LLC_TYPE_1_SETUP,
  ISO_8802_2_LLC_TYPE_2_SETUP,
  ISO_8802_2_LLC_TYPE_3_SETUP,
  REGISTER_TABLE,
  COMPACT_DATA,
  STATUS_MAPPING,
  SECURITY_SETUP,
  PARAMETER_MONITOR,
  MEASUREMENT_DATA_MONITORING,
  SENSOR_MANAGER,
  ARBITRATOR,
  DISCONNECT_CONTROL,
  LIMITER,
  M_BUS_CLIENT,
  WIRELESS_MODE_Q_CHANNEL,
  M_BUS_MASTER_PORT_SETUP,
  M_BUS_SERVER_PORT_SETUP,
  M_BUS_DIAGNOSTIC,
  IEC_61334_4_32_LLC_SSCS_SETUP,
  PRIME_PHYSICAL_LAYER_COUNTERS,
  PRIME_MAC_SETUP,
  PRIME_MAC_FUNCTIONAL_PARAMETERS,
  PRIME_MAC_COUNTERS,
  PRIME_MAC_NETWORK_ADMINISTRATION,
  PRIME_APPLICATION_IDENTIFICATION,
  G3_MAC_LAYER_COUNTERS,
  G3_MAC_SETUP,
  G3_6LOWPAN_SETUP,
  WI_SUN_SETUP,
  RPL_DIAGNOSTIC,
  MPL_DIAGNOSTIC,
  NTP_SETUP,
  ZIGBEE_SAS_STARTUP,
  ZIGBEE_SAS_JOIN,
  ZIGBEE_SAS_APS_FRAGMENTATION,
  ZIGBEE_NETWORK_CONTROL,
  ZIGBEE_TUNNEL_SETUP,
  ACCOUNT,
  CREDIT,
  CHARGE,
  TOKEN_GATEWAY,
  IEC_62055_41_ATTRIBUTES,
  FUNCTION_CONTROL,
  ARRAY_MANAGER,
  COMMUNICATION_PORT_PROTECTION,
  SCHC_LPWAN_SETUP,
  SCHC_LPWAN_DIAGNOSTIC,
  LORAWAN_SETUP,
  LORAWAN_DIAGNOSTIC,
  LTE_MONITORING,
];
