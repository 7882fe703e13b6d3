import sys,time; sys.path.insert(0,'/work/main')
import tests.integration.test_bad_input as t
for n in ("send_all","caught_up","assert_whole"):
    f=getattr(t,n)
    def w(f,n):
        async def g(*a,**k):
            s=time.time(); r=await f(*a,**k); print(n, round(time.time()-s,1)); return r
        return g
    setattr(t,n,w(f,n))
orig=t.Wire.read
async def rd(self,*a):
    s=time.time(); r=await orig(self,*a); print("read", len(a), len(r), round(time.time()-s,1)); return r
t.Wire.read=rd
from tests.integration.test_bad_input import *
