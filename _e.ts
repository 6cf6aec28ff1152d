import { loadCheckpoint } from "fader/nn";
import { countryCapitals, indirectObjects, learn, evaluate } from "fader/steering";
const model = await loadCheckpoint("/tmp/cap");
for (const [taskName, task] of [["ccc",countryCapitals(model, { seed: 7 })],["ioi",indirectObjects(model,{seed:7})]] as const) {
const groups=[...new Set(task.train.map(p=>p.group))]; const valG=new Set(groups.slice(0,taskName==="ccc"?30:8));
const tr=task.train.filter(p=>!valG.has(p.group)), va=task.train.filter(p=>valG.has(p.group));
for (const [kind,o] of [
 ["scalars",{margin:3,minimality:0.6}], ["scalars",{margin:3,minimality:0.8}],["scalars",{margin:4,minimality:0.8}],
 ["vectors",{margin:3,minimality:0.1}],["vectors",{margin:3,minimality:0.2}],["vectors",{margin:3,minimality:0.3}],["vectors",{margin:3,minimality:0.4}],
] as any) {
 const t=performance.now(); const l=await learn(kind,model,tr,{steps:150,patience:0,...o}); const m=evaluate(model,va,l);
 console.log(taskName,tr.length,va.length,kind,JSON.stringify(o),"flips",m.flipsPlus.toFixed(2),m.flipsMinus.toFixed(2),"wins",m.winsPlus.toFixed(2),m.winsMinus.toFixed(2),"kl",m.klOthers.toFixed(3),"tv",m.totalVariation.toFixed(3),"best",m.bestOtherKept.toFixed(2),"n",m.activeParameters,"places",m.activeLocations,"D",m.deltaMinus.toFixed(1),m.deltaClean.toFixed(1),m.deltaPlus.toFixed(1),((performance.now()-t)/1000).toFixed(0)+"s");
}}
