import { defineConfig } from "tsdown";

// Platform neutral: it runs in Node and in browsers.
export default defineConfig({
  entry: ["src/index.ts"],
  platform: "neutral",
  target: "es2023",
  fixedExtension: false,
  dts: true,
  deps: { onlyBundle: [] },
  failOnWarn: true,
});
