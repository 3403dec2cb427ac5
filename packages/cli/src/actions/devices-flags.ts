export type DevicesFlags = {
  threads?: number;
  json?: boolean;
  plan?: number;
  measure?: boolean;
  network?: string;
  batch?: number;
  out?: string;
};
