export { config as default } from "../src/build/config.js";
