function l(e){const r=new Intl.PluralRules(e);return(t,n)=>(n[r.select(t)]??n.other).replace("#",t.toLocaleString(e))}export{l as c};
