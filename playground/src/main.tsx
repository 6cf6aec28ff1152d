import { render } from "preact";
import "./styles/index.css";
import { registerOffline } from "./offline";
import { start } from "./state/start";
import { App } from "./ui/App";

const root = document.getElementById("app")!;
root.replaceChildren();
render(<App />, root);
void start();
registerOffline();
