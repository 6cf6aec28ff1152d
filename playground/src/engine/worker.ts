import { offerEngine } from "./boundary";
import { createEngine } from "./engine";

offerEngine(createEngine());
