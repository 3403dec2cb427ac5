export type DevicesFlags = {
  threads?: number;
  json?: boolean;
  plan?: number;
  network?: string;
  batch?: number;
  out?: string;
};
