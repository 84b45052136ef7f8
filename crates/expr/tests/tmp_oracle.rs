use mainstay_expr::*;
use std::sync::Arc;
fn ty(n:&str)->Option<Type>{ if n=="unknown"{return None} if n=="mood"{return Some(Type::Enum(Arc::new(EnumType{schema:"public".into(),name:"mood".into(),labels:vec!["a".into()]})))}
 if let Some(e)=n.strip_suffix("[]"){return Some(Type::named(e).unwrap().array())} Some(Type::named(n).unwrap())}
#[test] fn oracle(){
 let text=std::fs::read_to_string("/tmp/pgx/work/resolve.out").unwrap();
 let (mut bad,mut n)=(0,0);
 for line in text.lines(){
  // operators may contain |
  let parts: Vec<&str>=line.split("§").collect();
  let [op,a,b,want]=parts[..] else {panic!("{line}")};
  if op.contains("generate") {continue}
  let is_op=op.starts_with(|c:char|c.is_ascii_punctuation());
  let got = if op=="common" { match resolve::common_type(&[ty(a),ty(b)]){Ok(t)=>t.to_string(),Err(_)=>"E 42804 ".into()} }
   else if is_op { let r= if a.is_empty(){resolve::operator(op,None,ty(b))} else {resolve::operator(op,Some(ty(a)),ty(b))}; match r {Ok(r)=>r.result.to_string(),Err(e)=>format!("E {} {}",e.code,e.message)} }
   else { let args: Vec<_>= if b.is_empty(){vec![ty(a)]}else{vec![ty(a),ty(b)]};
     if resolve::is_aggregate(op){ match resolve::aggregate(op,&args){Ok(r)=>r.result.to_string(),Err(e)=>format!("E {} {}",e.code,e.message)}}
     else {match resolve::function(op,&args){Ok(r)=>r.result.to_string(),Err(e)=>format!("E {} {}",e.code,e.message)}}};
  n+=1;
  if want.starts_with("E 22") {continue}
  if got!=want { bad+=1; println!("{op} | {a} | {b}: want {want:?} got {got:?}"); }
 }
 println!("{bad} of {n}");
}
