/** For the platforms: Node's disk cache, and the playground's browser storage. */
export { patientFetch } from "../io/retry";
export { downloadFiles, findCommit, type HubAccess, type HubFile, type HubStore } from "./download";
export { isHubName } from "./name";
