import { catalogParts } from "../catalog.js";
import { describeLaws } from "../support/laws.js";

describeLaws(catalogParts.images);
